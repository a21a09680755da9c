"""The inputs of an execution, held against the input nodes of its workflow before anything starts."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from engine.errors import NodeError, Problem, RequestError
from engine.json_value import JsonObject
from engine.node import INPUT_TYPE, MISSING
from engine.registry import NodeRegistry
from engine.workflow import Node, Workflow


def resolve_inputs(
    workflow: Workflow,
    registry: NodeRegistry,
    given: JsonObject,
    unknown: Collection[str] = (),
    needed: Collection[str] | None = None,
) -> JsonObject:
    """The inputs with defaults filled in; of those in ``unknown`` only the names are known yet.

    Only the input nodes in ``needed`` (None: all) must have a value.

    RequestError with one problem for each input that is missing, unknown or of the wrong type.
    """
    problems: list[Problem] = []
    resolved: JsonObject = {}
    declared: set[str] = set()
    for node in workflow.nodes:
        name = _name(node)
        if name is None:
            continue
        declared.add(name)
        if name in unknown or (needed is not None and node.id not in needed and name not in given):
            continue
        try:
            value = registry.get(node.type).check_value(
                {**node.config, "name": name}, given.get(name, MISSING)
            )
        except NodeError as error:
            problems.append(Problem("input", str(error), node.id, f"inputs.{name}"))
            continue
        if value is not MISSING:
            resolved[name] = value
    problems.extend(_unknown(name, declared) for name in given if name not in declared)
    if problems:
        raise RequestError("The inputs do not fit the workflow.", "inputs", problems)
    return resolved


def input_names(workflow: Workflow) -> frozenset[str]:
    """The names under which the workflow takes inputs."""
    return frozenset(name for node in workflow.nodes if (name := _name(node)) is not None)


def _name(node: Node) -> str | None:
    """The name of an input; None for other nodes."""
    if node.type != INPUT_TYPE or node.disabled:
        return None
    return str(node.config.get("name") or node.id)


def _unknown(name: str, declared: set[str]) -> Problem:
    close = difflib.get_close_matches(name, sorted(declared), n=1)
    if close:
        cure = f"did you mean '{close[0]}'?"
    elif declared:
        cure = f"known inputs: {', '.join(sorted(declared))}"
    else:
        cure = "the workflow has no input node"
    return Problem("unknown_input", f"there is no input '{name}': {cure}", None, f"inputs.{name}")
