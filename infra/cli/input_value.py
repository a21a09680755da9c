"""Inputs of an execution, from the command line: read as their input nodes declare."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from pathlib import Path

from engine.errors import RequestError
from engine.json_value import JsonObject, JsonValue
from engine.registry import NodeRegistry
from engine.service.inputs import resolve_inputs
from engine.workflow import Workflow
from infra.cli.document_file import read_json
from infra.cli.failure import usage_error

# Types whose values stand in the command line as they are; all others are JSON.
_TEXT_TYPES = ("string",)
# An input of this name is the address of an API; the offline data set stands in where it is given none.
BASE_URL_INPUT = "base_url"


def read_inputs(workflow: Workflow, pairs: Iterable[str], file: Path | None) -> JsonObject:
    """The inputs as given; CommandError for what is no input, or not of its type."""
    given: JsonObject = {}
    if file is not None:
        value = read_json(file)
        if not isinstance(value, dict):
            raise usage_error(f"{file} must hold a JSON object of inputs.")
        given.update(value)
    types = declared_types(workflow)
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not mark:
            raise usage_error(f"--input {pair}: write it as NAME=VALUE.")
        if name not in types:
            raise usage_error(f"--input {pair}: there is no input '{name}'; {_known(name, types)}")
        given[name] = _read_value(name, types[name], text)
    return given


def declared_types(workflow: Workflow) -> dict[str, str]:
    """The type of each input, by name."""
    return {
        str(node.config.get("name") or node.id): str(node.config.get("type") or "string")
        for node in workflow.nodes
        if node.type == "input"
    }


def needs_base_url(workflow: Workflow, given: JsonObject) -> bool:
    """Whether the offline data set's address has to stand in for an address that nobody gave."""
    return BASE_URL_INPUT not in given and any(
        node.type == "input"
        and str(node.config.get("name") or node.id) == BASE_URL_INPUT
        and node.config.get("default") is None
        for node in workflow.nodes
    )


def check_inputs(workflow: Workflow, registry: NodeRegistry, given: JsonObject) -> None:
    """Hold the inputs against the input nodes; CommandError with all that is wrong."""
    try:
        resolve_inputs(workflow, registry, given)
    except RequestError as error:
        told = [f"  {problem.message}" for problem in error.problems] or [f"  {error}"]
        raise usage_error("the inputs do not fit the workflow:\n" + "\n".join(told)) from None


def _read_value(name: str, kind: str, text: str) -> JsonValue:
    if kind in _TEXT_TYPES:
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise usage_error(f"--input {name}={text}: the input is of type {kind}; write it as JSON.") from None


def _known(name: str, types: dict[str, str]) -> str:
    if not types:
        return "the workflow has no input node."
    close = difflib.get_close_matches(name, types, n=1)
    return f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(sorted(types))}."
