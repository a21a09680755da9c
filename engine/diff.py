"""What changed between two workflows: nodes and connections added, removed, changed field by field.

Documents are compared as they were written, so that a default that was spelled out shows. Nodes are told
apart by their id, connections by their two ends and the output; numbers are equal as JSON has it (1 is
1.0, and not true).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.json_equality import equal_json
from engine.json_value import JsonObject, JsonValue
from engine.workflow import Connection, Workflow

Kind: TypeAlias = Literal["added", "removed", "changed"]
# From the part that is compared down to the value: keys of objects, positions in lists.
Path: TypeAlias = tuple[str | int, ...]
_APART = ("nodes", "connections")


@dataclass(frozen=True)
class FieldChange:
    """A value that came, went or changed; ``old`` of what came is None, and so is ``new`` of what went."""

    kind: Kind
    path: Path
    old: JsonValue = None
    new: JsonValue = None

    @property
    def field(self) -> str:
        """The path as problems spell it: ``config.rules[2].output``."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".")


@dataclass(frozen=True)
class NodeChange:
    """A node that came, went or changed, with the node itself or the fields that differ."""

    kind: Kind
    node_id: str
    node: JsonObject | None = None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True)
class ConnectionChange:
    """A connection that came or went, or leaves its node through another output than before."""

    kind: Kind
    source: str
    target: str
    old_output: str | None = None
    new_output: str | None = None


@dataclass(frozen=True)
class WorkflowDiff:
    """All that changed; ``reordered`` says that nodes or connections that stayed stand in another order."""

    fields: tuple[FieldChange, ...] = ()
    nodes: tuple[NodeChange, ...] = ()
    connections: tuple[ConnectionChange, ...] = ()
    reordered: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return self == WorkflowDiff()


def compare_workflows(old: Workflow, new: Workflow) -> WorkflowDiff:
    """What makes the old workflow into the new one."""
    before, after = old.as_document(), new.as_document()
    kept = [{name: value for name, value in doc.items() if name not in _APART} for doc in (before, after)]
    return WorkflowDiff(
        fields=tuple(_compare_values(kept[0], kept[1], ())),
        nodes=tuple(_compare_nodes(before["nodes"], after["nodes"])),
        connections=tuple(_compare_connections(old.connections, new.connections)),
        reordered=_is_reordered([node.id for node in old.nodes], [node.id for node in new.nodes])
        or _is_reordered(list(old.connections), list(new.connections)),
    )


def _compare_nodes(before: list[JsonObject], after: list[JsonObject]) -> Iterator[NodeChange]:
    """Changes in the order of the old document, then what came, in the order of the new one."""
    old, new = ({node["id"]: node for node in nodes} for nodes in (before, after))
    for node_id, node in old.items():
        if node_id not in new:
            yield NodeChange("removed", node_id, node)
        elif changes := tuple(_compare_values(node, new[node_id], ())):
            yield NodeChange("changed", node_id, None, changes)
    for node_id, node in new.items():
        if node_id not in old:
            yield NodeChange("added", node_id, node)


def _compare_connections(
    before: tuple[Connection, ...], after: tuple[Connection, ...]
) -> Iterator[ConnectionChange]:
    """One that went and one that came between the same two nodes are one that changed its output."""
    old, new = Counter(before), Counter(after)
    came = list((new - old).elements())
    for gone in (old - new).elements():
        same = [one for one in came if (one.source, one.target) == (gone.source, gone.target)]
        if same:
            came.remove(same[0])
            outputs = gone.source_output, same[0].source_output
            yield ConnectionChange("changed", gone.source, gone.target, *outputs)
        else:
            yield ConnectionChange("removed", gone.source, gone.target, gone.source_output)
    for one in came:
        yield ConnectionChange("added", one.source, one.target, None, one.source_output)


def _compare_values(old: JsonValue, new: JsonValue, path: Path) -> Iterator[FieldChange]:
    """The deepest values that differ; lists of different length differ as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in new:
                yield from _compare_values(value, new[key], (*path, key))
            else:
                yield FieldChange("removed", (*path, key), old=value)
        for key, value in new.items():
            if key not in old:
                yield FieldChange("added", (*path, key), new=value)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _compare_values(one, other, (*path, index))
    elif not equal_json(old, new):
        yield FieldChange("changed", path, old, new)


def _is_reordered(old: list[object], new: list[object]) -> bool:
    both = Counter(old) & Counter(new)

    def stayed(items: list[object]) -> list[object]:
        left, found = both.copy(), []
        for item in items:
            if left[item] > 0:
                left[item] -= 1
                found.append(item)
        return found

    return stayed(old) != stayed(new)
