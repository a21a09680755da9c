"""What can be told, when one saves, of the other workflows that a document names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from engine.access.audience import Ownership, may_use
from engine.child import VersionChoice, WorkflowReference
from engine.errors import ConflictError, NotFoundError, Problem, RequestError
from engine.expression import find_references
from engine.node import INPUT_TYPE
from engine.ports import WorkflowHead, WorkflowVersion
from engine.registry import NodeRegistry
from engine.service.inputs import resolve_inputs
from engine.service.version_choice import choose_version
from engine.workflow import Workflow

# What an error workflow may name its input nodes: the failure as a whole (the execution that failed and its
# error), or the error alone. An input cannot be named `execution`: in expressions that is the one that runs.
FAILURE_INPUTS = ("failure", "error")
# Workflows that are looked at for a cycle; what is further away is stopped by its depth when it runs.
MAX_LOOKED_AT = 200


class WorkflowReader(Protocol):
    """Where workflows are read from; what a WorkflowStore promises of these two."""

    def get_head(self, workflow_id: str) -> WorkflowHead:
        """The head; NotFoundError."""

    def get_version(self, workflow_id: str, version: int) -> WorkflowVersion:
        """A version; NotFoundError."""


@dataclass(frozen=True)
class LinkCheck:
    """Holds the workflows that a document names against what is stored."""

    workflows: WorkflowReader
    registry: NodeRegistry

    def find(self, workflow: Workflow, ownership: Ownership, workflow_id: str | None) -> list[Problem]:
        """What is wrong with the workflows that this one of that owner names."""
        return [
            *self._nodes(workflow, ownership, workflow_id),
            *self._handler(workflow, ownership, workflow_id),
        ]

    def _nodes(self, workflow: Workflow, ownership: Ownership, own_id: str | None) -> Iterator[Problem]:
        for node_id, reference in references(workflow, self.registry):
            found = self._find(reference, ownership)
            if isinstance(found, Problem):
                yield Problem(found.code, found.message, node_id, found.field)
                continue
            way = self._way_back(found, own_id) if own_id is not None else None
            if way is not None:
                yield Problem(
                    "workflow_cycle",
                    f"this would run itself, by way of {' → '.join(way)}; let one of them end instead",
                    node_id,
                    "config.workflow_id",
                )
            for message in self._misfits(found.workflow, reference):
                yield Problem("bad_inputs", message, node_id, "config.inputs")

    def _handler(self, workflow: Workflow, ownership: Ownership, own_id: str | None) -> Iterator[Problem]:
        wanted = workflow.settings.error_workflow
        if wanted is None:
            return
        field = "settings.error_workflow"
        if wanted == own_id:
            yield Problem("workflow_cycle", "a workflow does not handle its own failure", field=field)
            return
        head = self._head(wanted, ownership)
        if head is None:
            yield Problem("unknown_workflow", _unknown(wanted), field=field)
            return
        choice = choose_version(head, "draft" if head.live_version is None else "live")
        handler = self.workflows.get_version(wanted, choice).workflow
        given = WorkflowReference(
            wanted, choice, dict.fromkeys(_inputs(handler) & {*FAILURE_INPUTS}, "{{ failure }}")
        )
        for message in self._misfits(handler, given):
            cure = f"an error workflow gets the inputs {', '.join(FAILURE_INPUTS)}; give others a default"
            yield Problem("bad_inputs", f"{message}; {cure}", field=field)

    def _find(self, reference: WorkflowReference, ownership: Ownership) -> WorkflowVersion | Problem:
        head = self._head(reference.workflow_id, ownership)
        if head is None:
            return Problem("unknown_workflow", _unknown(reference.workflow_id), field="config.workflow_id")
        try:
            return self.workflows.get_version(head.workflow_id, choose_version(head, reference.version))
        except ConflictError:
            message = f"workflow '{head.workflow_id}' has no live version; publish one, or name the draft"
            return Problem("no_live_version", message, field="config.version")
        except NotFoundError:
            last = f"its last is {head.version}"
            message = f"workflow '{head.workflow_id}' has no version {reference.version}; {last}"
            return Problem("unknown_version", message, field="config.version")

    def _head(self, workflow_id: str, ownership: Ownership) -> WorkflowHead | None:
        try:
            head = self.workflows.get_head(workflow_id)
        except NotFoundError:
            return None
        return head if may_use(ownership, head.ownership) else None

    def _misfits(self, workflow: Workflow, reference: WorkflowReference) -> list[str]:
        """What does not fit of inputs that are written out; what expressions give is known when it runs."""
        if reference.inputs is None:
            return []
        unknown = frozenset(
            name for name, value in reference.inputs.items() if any(True for _ in find_references(value, ""))
        )
        try:
            resolve_inputs(workflow, self.registry, reference.inputs, unknown)
        except RequestError as error:
            return [problem.message for problem in error.problems]
        return []

    def _way_back(self, start: WorkflowVersion, own_id: str) -> list[str] | None:
        """The names of the workflows by which one comes back to ``own_id``; None where no way does."""
        waiting: list[tuple[WorkflowVersion, list[str]]] = [(start, [start.workflow.name])]
        seen: set[tuple[str, int]] = set()
        while waiting and len(seen) < MAX_LOOKED_AT:
            version, way = waiting.pop()
            if version.workflow_id == own_id:
                return way
            if (version.workflow_id, version.version) in seen:
                continue
            seen.add((version.workflow_id, version.version))
            for _, reference in references(version.workflow, self.registry):
                following = self._read(reference.workflow_id, reference.version)
                if following is not None:
                    waiting.append((following, [*way, following.workflow.name]))
        return None

    def _read(self, workflow_id: str, choice: VersionChoice) -> WorkflowVersion | None:
        try:
            head = self.workflows.get_head(workflow_id)
            return self.workflows.get_version(workflow_id, choose_version(head, choice))
        except (NotFoundError, ConflictError):
            return None


def references(workflow: Workflow, registry: NodeRegistry) -> Iterator[tuple[str, WorkflowReference]]:
    """The workflows that nodes start, by the node's id; nothing of types that are not installed."""
    for node in workflow.nodes:
        if node.type in registry and not node.disabled:
            reference = registry.get(node.type).workflow_of(node.config)
            if reference is not None:
                yield node.id, reference


def _inputs(workflow: Workflow) -> set[str]:
    return {str(node.config.get("name") or node.id) for node in workflow.nodes if node.type == INPUT_TYPE}


def _unknown(workflow_id: str) -> str:
    return (
        f"there is no workflow '{workflow_id}' for this one; name one of the same owner, or share both with "
        "one group"
    )
