"""The export file: workflows with the names of the credentials that they need, and nothing secret.

::

    {"format": "mini-n8n.workflows", "format_version": 1,
     "workflows": [{"id": "wf_…", "version": 3, "workflow": {…}}],
     "credentials": [{"name": "crm", "kind": "bearer", "used_by": [{"workflow": "wf_…", "node": "…"}]}]}

A file of another ``format_version`` is refused rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from engine.errors import Problem, RequestError
from engine.json_value import JsonObject, JsonValue
from engine.validation.shape_problem import describe, first_causes, place_of
from engine.validation.text import dotted
from engine.wording import Wording
from engine.workflow import Part, Workflow

FORMAT: Literal["mini-n8n.workflows"] = "mini-n8n.workflows"
FORMAT_VERSION: Literal[1] = 1
# Each costs a compilation and a call that makes a state machine, about a second together, and the API answers
# within 29 seconds.
MAX_WORKFLOWS = 20
# What ids of workflows look like (ULIDs: https://github.com/ulid/spec); they become part of ARNs.
WORKFLOW_ID_PATTERN = r"^wf_[0-9A-Z]{26}$"
# Fields that carry a secret by their name, and addresses that carry one in their query.
_SECRET_FIELD = re.compile(
    r"^(?:proxy[-_])?authorization$|^(?:set-)?cookie$|^(?:.*[-_])?(?:api[-_]?key|secret|password|passwd)$"
    r"|^(?:.*[-_])?(?:access|auth|refresh|bearer|api|session|secret)[-_]?token$|^token$|^private[-_]?key$",
    re.IGNORECASE,
)
_SECRET_QUERY = re.compile(
    r"[?&](?:api[-_]?key|key|token|access[-_]token|secret|password|sig(?:nature)?)=(?!\{\{)[^&\s]",
    re.IGNORECASE,
)


class CredentialUse(Part):
    """A node that names a credential."""

    workflow: str
    node: str


class NeededCredential(Part):
    """A credential by its name; ``kind`` is null where none of that name was stored."""

    name: str
    kind: str | None = None
    used_by: tuple[CredentialUse, ...] = ()


class BundledWorkflow(Part):
    """A workflow in the file: the id and version that it had, and its document."""

    id: Annotated[
        str,
        Field(pattern=WORKFLOW_ID_PATTERN),
        Wording("is no id of a workflow: wf_ and 26 digits and capital letters; export the file anew"),
    ]
    version: int | None = Field(None, ge=1)
    workflow: JsonObject = Field(description="The document, as it would be saved.")


class Bundle(Part):
    """The file."""

    format: Literal["mini-n8n.workflows"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
    workflows: tuple[BundledWorkflow, ...] = Field(min_length=1, max_length=MAX_WORKFLOWS)
    credentials: tuple[NeededCredential, ...] = Field((), max_length=10_000)

    @model_validator(mode="after")
    def _has_each_id_once(self) -> Bundle:
        ids = [item.id for item in self.workflows]
        if len(set(ids)) != len(ids):
            raise ValueError("two workflows have the same id")
        return self

    def as_json(self) -> JsonObject:
        """The file as JSON."""
        told: JsonObject = self.model_dump(mode="json")
        return told


def read_bundle(document: JsonObject) -> Bundle:
    """The file that this JSON spells; RequestError with all that is wrong with it."""
    if document.get("format") != FORMAT:
        raise RequestError(f"This is no export file: `format` must be '{FORMAT}'.", "format")
    if document.get("format_version") != FORMAT_VERSION:
        raise RequestError(
            f"`format_version` must be {FORMAT_VERSION}; export the file anew.", "format_version"
        )
    try:
        return Bundle.model_validate(document)
    except ValidationError as error:
        problems = []
        for detail in first_causes(error.errors(include_url=False))[:100]:
            place, _ = place_of(document, detail)
            code, message = describe(Bundle, place, detail)
            problems.append(Problem(code, message, None, dotted(place) or None))
        said = "; ".join(f"{problem.field or 'file'}: {problem.message}" for problem in problems[:3])
        raise RequestError(f"The export file does not fit: {said}", None, problems) from None


def find_literal_secrets(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """(node id, field) of texts that look like secrets written out, in configs and pinned results.

    Expressions are none.
    """
    for node in workflow.nodes:
        yield from ((node.id, field) for field in _find_in("config", node.config))
        if node.pinned is not None:
            yield from ((node.id, field) for field in _find_in("pinned.result", node.pinned.result))


def _find_in(path: str, value: JsonValue, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _find_in(f"{path}.{key}", part, key)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _find_in(f"{path}[{index}]", part, name)
    elif isinstance(value, str) and _looks_secret(name, value):
        yield path


def _looks_secret(name: str, text: str) -> bool:
    by_name = text != "" and "{{" not in text and _SECRET_FIELD.match(name) is not None
    return by_name or _SECRET_QUERY.search(text) is not None
