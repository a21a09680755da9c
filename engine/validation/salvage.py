"""What can still be checked of a document whose shape has problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from engine.json_value import JsonObject, JsonValue
from engine.workflow import MAX_CONNECTIONS, MAX_NODES, Connection, Node, Settings, Workflow

# What stands in for a faulty field, lest other fields that rely on it seem wrong.
_STAND_INS: JsonObject = {"for_each": [], "on_error": "output"}


def salvage(document: JsonObject) -> Workflow | None:
    """The nodes and connections that have a shape, without the fields at fault; None if no node is left.

    A node whose id or type is at fault is left out, with the connections that name it: what would be
    said of them is said already.
    """
    raw_nodes, raw_connections = _entries(document, "nodes"), _entries(document, "connections")
    if len(raw_nodes) > MAX_NODES or len(raw_connections) > MAX_CONNECTIONS:
        return None
    nodes: list[Node] = []
    lost: set[str] = set()
    for raw in raw_nodes:
        node = _without_faults(Node, raw)
        if isinstance(node, Node):
            nodes.append(node)
        elif isinstance(raw, Mapping) and isinstance(raw.get("id"), str):
            lost.add(raw["id"])
    if not nodes:
        return None
    read = (_without_faults(Connection, raw) for raw in raw_connections)
    connections = [c for c in read if isinstance(c, Connection) and lost.isdisjoint((c.source, c.target))]
    settings = _without_faults(Settings, document.get("settings", {}))
    return Workflow.model_construct(
        name="salvaged",
        nodes=tuple(nodes),
        connections=tuple(connections),
        settings=settings if isinstance(settings, Settings) else Settings(),
    )


def _entries(document: JsonObject, field: str) -> Sequence[JsonValue]:
    found = document.get(field)
    return found if isinstance(found, list | tuple) else []


def _without_faults(model: type[BaseModel], raw: JsonValue) -> BaseModel | None:
    """The entry without its faulty fields; None where one of those cannot be missed."""
    if not isinstance(raw, Mapping):
        return None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faulty = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    if model is Connection and "source_output" in faulty:
        return None
    kept = {key: value for key, value in raw.items() if key not in faulty}
    if model is Node:
        kept.update((key, value) for key, value in _STAND_INS.items() if key in faulty)
    try:
        return model.model_validate(kept)
    except ValidationError:
        return None
