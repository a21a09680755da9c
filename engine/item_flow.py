"""Which for_each nodes take their items, one by one, from other for_each nodes.

A node *follows* others when its ``for_each`` is ``{{ a.output }}`` or ``{{ a.items }}``, or ``merge_items``
of several such, and each of them is a for_each node with a connection to it. Nodes that follow one another
are a *family*: they have the same number of items, and their connections hold for each item apart. Item 3 of
a follower runs when item 3 of a source left through the connection's output, and is skipped else; so the
items of a conditional or a switch take different ways, and nobody waits for the items of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.json_value import JsonValue
from engine.workflow import Connection, Node, Workflow

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = rf"({_NAME})\.(output|items)"
_ONE = re.compile(rf"\{{\{{\s*{_PATH}\s*\}}\}}")
_SEVERAL = re.compile(rf"\{{\{{\s*merge_items\(\s*({_PATH}(?:\s*,\s*{_PATH})+)\s*\)\s*\}}\}}")


@dataclass(frozen=True)
class Follow:
    """The nodes whose items a node takes, the first that has one; and which part of their results."""

    sources: tuple[str, ...]
    part: str
    """``output``, or ``items`` for whole results."""

    def item_of(self, result: Mapping[str, JsonValue]) -> JsonValue:
        """The item that a source's result gives."""
        return dict(result) if self.part == "items" else result.get("output")


def iterates(node: Node) -> bool:
    """Whether the node runs once for each item."""
    return node.for_each is not None and not node.disabled


def _named(items: JsonValue) -> Follow | None:
    """What the expression names, if it is of the right form."""
    if not isinstance(items, str):
        return None
    if one := _ONE.fullmatch(items.strip()):
        return Follow((one[1],), one[2])
    several = _SEVERAL.fullmatch(items.strip())
    if several is None:
        return None
    paths = re.findall(_PATH, several[1])
    if len({part for _, part in paths}) > 1:
        return None
    return Follow(tuple(dict.fromkeys(name for name, _ in paths)), paths[0][1])


class ItemFlow:
    """The families of a workflow's for_each nodes."""

    def __init__(self, workflow: Workflow) -> None:
        """The workflow may have any faults: nodes in a cycle follow nobody."""
        self._nodes = {node.id: node for node in reversed(workflow.nodes) if iterates(node)}
        self._connections = workflow.connections

    @cached_property
    def follows(self) -> Mapping[str, Follow]:
        """What each follower takes its items from."""
        return self._resolved[0]

    @cached_property
    def roots(self) -> Mapping[str, str]:
        """For each for_each node the one that its family's items come from."""
        return self._resolved[1]

    @cached_property
    def _resolved(self) -> tuple[Mapping[str, Follow], Mapping[str, str]]:
        connected = {(c.source, c.target) for c in self._connections}
        candidates: dict[str, Follow] = {}
        for node_id, node in self._nodes.items():
            follow = _named(node.for_each.items if node.for_each else None)
            if follow and all(s in self._nodes and (s, node_id) in connected for s in follow.sources):
                candidates[node_id] = follow
        roots = {node_id: node_id for node_id in self._nodes if node_id not in candidates}
        follows: dict[str, Follow] = {}
        waiting = dict(candidates)
        while waiting:
            ready = [n for n, follow in waiting.items() if all(s in roots for s in follow.sources)]
            if not ready:
                # A circle: another rule speaks of it.
                roots |= {node_id: node_id for node_id in waiting}
                break
            for node_id in ready:
                follow = waiting.pop(node_id)
                found = {roots[source] for source in follow.sources}
                roots[node_id] = found.pop() if len(found) == 1 else node_id
                if roots[node_id] != node_id:
                    follows[node_id] = follow
        return follows, roots

    def is_itemwise(self, connection: Connection) -> bool:
        """Whether the connection holds for each item apart: it leads to a follower, from its family."""
        source, target = connection.source, connection.target
        return target in self.follows and source in self.roots and self.roots[source] == self.roots[target]
