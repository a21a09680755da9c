"""What can still be checked of a document whose shape has problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import ValidationError

from engine.errors import Problem
from engine.json_value import JsonObject, JsonValue
from engine.node import ERROR
from engine.workflow import (
    MAX_CONNECTIONS,
    MAX_NODES,
    MAX_TIMEOUT_SECONDS,
    Connection,
    Node,
    Part,
    Settings,
    Workflow,
)

T = TypeVar("T", bound=Part)
# What stands in for a faulty field, lest other fields that rely on it seem wrong.
_NODE_STAND_INS: JsonObject = {"for_each": [], "on_error": "output", "timeout_seconds": 1, "type": "?"}
_CONNECTION_STAND_INS: JsonObject = {"source_output": ERROR}
_SETTINGS_STAND_INS: JsonObject = {"timeout_seconds": MAX_TIMEOUT_SECONDS}


@dataclass(frozen=True)
class Salvaged:
    """The parts of a document that have a shape, without the fields at fault, and what else is known of it.

    ``stand_ins``: the place in the document of nodes that have no usable id, by the id given to them here;
    ``untyped``: ids of nodes whose type is at fault; ``positions``: where each connection stands.
    ``names_are_known``, ``links_are_known``: whether the document may mean other nodes and connections.
    """

    workflow: Workflow
    stand_ins: Mapping[str, int]
    untyped: frozenset[str]
    positions: tuple[int, ...]
    names_are_known: bool
    links_are_known: bool

    def told(self, problem: Problem) -> Problem | None:
        """A problem of the workflow as one of the document; None where it is of our own making."""
        if problem.node in self.untyped and problem.code == "unknown_type":
            return None
        message = problem.message
        for name, index in self.stand_ins.items():
            message = message.replace(f"'{name}'", f"nodes[{index}]")
        index = self.stand_ins.get(problem.node or "", -1)
        if index < 0:
            return replace(problem, message=message)
        inner = f".{problem.field}" if problem.field else ""
        return replace(problem, message=message, node=None, field=f"nodes[{index}]{inner}")


def salvage(document: JsonObject) -> Salvaged | None:
    """The parts that have a shape; None where there is no node, or more than anyone should look at.

    A node whose id is at fault is looked at under another, with the connections that name it.
    """
    raw_nodes, raw_connections = _entries(document, "nodes"), _entries(document, "connections")
    if len(raw_nodes) > MAX_NODES or len(raw_connections) > MAX_CONNECTIONS:
        return None
    found = _salvage_nodes(raw_nodes)
    if not found.nodes:
        return None
    connections = {index: _connection(raw, found.renamed) for index, raw in enumerate(raw_connections)}
    usable = {index: connection for index, connection in connections.items() if connection is not None}
    settings = document.get("settings")
    return Salvaged(
        Workflow.model_construct(
            name="salvaged",
            nodes=tuple(found.nodes),
            connections=tuple(usable.values()),
            settings=_without_faults(
                Settings, settings if isinstance(settings, Mapping) else {}, _SETTINGS_STAND_INS
            )[0],
        ),
        found.stand_ins,
        frozenset(found.untyped),
        tuple(usable),
        names_are_known=len(found.renamed) == len(found.stand_ins) and len(found.nodes) == len(raw_nodes),
        links_are_known=len(usable) == len(raw_connections),
    )


@dataclass
class _Nodes:
    """``renamed``: the id that stands in for each that is none; ``stand_ins``: of which entry each is."""

    nodes: list[Node] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    stand_ins: dict[str, int] = field(default_factory=dict)
    untyped: set[str] = field(default_factory=set)


def _salvage_nodes(raw_nodes: Sequence[JsonValue]) -> _Nodes:
    found = _Nodes()
    entries = {index: raw for index, raw in enumerate(raw_nodes) if isinstance(raw, Mapping)}
    taken = {raw.get("id") for raw in entries.values() if isinstance(raw.get("id"), str)}
    for index, raw in entries.items():
        name = f"node_{index}"
        while name in taken:
            name += "_"
        node, faulty = _without_faults(Node, raw, {**_stand_ins(raw), "id": name})
        found.nodes.append(node)
        if "id" in faulty:
            found.stand_ins[name] = index
            if isinstance(raw.get("id"), str):
                found.renamed.setdefault(raw["id"], name)
        if "type" in faulty:
            found.untyped.add(node.id)
    return found


def _stand_ins(raw: Mapping[str, JsonValue]) -> JsonObject:
    """Of a node: the items of a for_each are looked at though its other fields are at fault."""
    for_each = raw.get("for_each")
    if isinstance(for_each, Mapping) and "items" in for_each:
        return _NODE_STAND_INS | {"for_each": {"items": for_each["items"]}}
    return _NODE_STAND_INS


def _entries(document: JsonObject, field: str) -> Sequence[JsonValue]:
    found = document.get(field)
    return found if isinstance(found, list | tuple) else []


def _connection(raw: JsonValue, names: Mapping[str, str]) -> Connection | None:
    """The connection; None where it does not say from where to where."""
    if not isinstance(raw, Mapping):
        return None
    ends = {
        end: names[raw[end]]
        for end in ("source", "target")
        if isinstance(raw.get(end), str) and raw[end] in names
    }
    try:
        return _without_faults(Connection, {**raw, **ends}, _CONNECTION_STAND_INS)[0]
    except ValidationError:
        return None


def _without_faults(
    model: type[T], raw: Mapping[str, JsonValue], stand_ins: JsonObject
) -> tuple[T, set[str]]:
    """The entry with stand-ins for its faulty fields, and those; ValidationError where one has none."""
    try:
        return model.model_validate(raw), set()
    except ValidationError as error:
        faulty = {str(detail["loc"][0]) for detail in error.errors()}
    kept = {key: value for key, value in raw.items() if key not in faulty}
    return model.model_validate(kept | {key: stand_ins[key] for key in faulty & stand_ins.keys()}), faulty
