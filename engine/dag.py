"""The graph of a workflow: order, cycles, levels, dependencies.

Node ids are kept in the document's order, and every answer is deterministic: ties go to the node that
stands first in the document. Connections that name an unknown node, or lead from a node to itself, are
no edges here (validation speaks of them); several connections between two nodes are one edge.

Sets of nodes are ints used as bitsets; bit i stands for ``order[i]``, so bit order is a topological order.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, count

from engine.workflow import Workflow

Cycle = tuple[str, ...]


# Digits of a binary number as what ``compress`` selects by.
_SELECTORS = bytes.maketrans(b"01", b"\0\1")


def bits(nodes: int) -> Iterator[int]:
    """The positions in a bitset, lowest first; each of the two ways is the faster in its case."""
    first = (nodes & -nodes).bit_length() - 1
    if nodes.bit_count() * 8 > nodes.bit_length() - first:
        return compress(count(first), bin(nodes >> first)[:1:-1].encode().translate(_SELECTORS))
    return _sparse_bits(nodes)


def _sparse_bits(nodes: int) -> Iterator[int]:
    while nodes:
        low = nodes & -nodes
        yield low.bit_length() - 1
        nodes ^= low


@dataclass(frozen=True)
class Dag:
    """Nodes and edges; what follows from them is computed when first asked for."""

    ids: tuple[str, ...]
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, workflow: Workflow) -> Dag:
        """The graph of a workflow."""
        ids = [node.id for node in workflow.nodes]
        return cls.of_edges(ids, ((c.source, c.target) for c in workflow.connections))

    @classmethod
    def of_edges(cls, ids: Iterable[str], edges: Iterable[tuple[str, str]]) -> Dag:
        """The graph of these node ids and (source, target) edges."""
        known = tuple(dict.fromkeys(ids))
        place = {node_id: index for index, node_id in enumerate(known)}
        after: dict[str, set[str]] = {node_id: set() for node_id in known}
        before: dict[str, set[str]] = {node_id: set() for node_id in known}
        for source, target in edges:
            if source in place and target in place and source != target:
                after[source].add(target)
                before[target].add(source)
        return cls(
            known,
            {node_id: tuple(sorted(after[node_id], key=place.__getitem__)) for node_id in known},
            {node_id: tuple(sorted(before[node_id], key=place.__getitem__)) for node_id in known},
        )

    def without(self, left_out: Collection[str]) -> Dag:
        """The graph of the other nodes and the edges between them."""
        edges = [(source, target) for source, after in self.successors.items() for target in after]
        ids = [node_id for node_id in self.ids if node_id not in left_out]
        return Dag.of_edges(ids, edges) if left_out else self

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Kahn's order; nodes in a cycle, or after one, are missing from it."""
        place = {node_id: index for index, node_id in enumerate(self.ids)}
        waits_for = {node_id: len(self.predecessors[node_id]) for node_id in self.ids}
        ready = [place[node_id] for node_id in self.ids if not waits_for[node_id]]
        found: list[str] = []
        while ready:
            node_id = self.ids[heapq.heappop(ready)]
            found.append(node_id)
            for successor in self.successors[node_id]:
                waits_for[successor] -= 1
                if not waits_for[successor]:
                    heapq.heappush(ready, place[successor])
        return tuple(found)

    @property
    def is_acyclic(self) -> bool:
        """Whether every node has a place in the order."""
        return len(self.order) == len(self.ids)

    @cached_property
    def cycles(self) -> tuple[Cycle, ...]:
        """A shortest cycle through the first node of each knot that is not yet in one, as a path.

        Breaking each of them may leave others: a document is free of cycles when this is empty.
        """
        ordered = set(self.order)
        found: list[Cycle] = []
        covered: set[str] = set()
        for node_id in self.ids:
            if node_id not in ordered and node_id not in covered:
                cycle = self._cycle_through(node_id, ordered)
                if cycle and covered.isdisjoint(cycle):
                    found.append(cycle)
                covered.update(cycle)
        return tuple(found)

    def _cycle_through(self, start: str, ordered: set[str]) -> Cycle:
        """A shortest cycle from ``start`` back to it; empty when there is none."""
        came_from: dict[str, str] = {}
        waiting = deque([start])
        while waiting:
            node_id = waiting.popleft()
            for successor in self.successors[node_id]:
                if successor == start:
                    path = [node_id]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return tuple(reversed(path))
                if successor not in came_from and successor not in ordered:
                    came_from[successor] = node_id
                    waiting.append(successor)
        return ()

    @cached_property
    def position(self) -> Mapping[str, int]:
        """The place of each node in the order: its bit in a bitset."""
        return {node_id: index for index, node_id in enumerate(self.order)}

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Nodes by the length of the longest path that leads to them, each level in the order."""
        depth: dict[str, int] = {}
        rows: list[list[str]] = []
        for node_id in self.order:
            depth[node_id] = max((depth[p] + 1 for p in self.predecessors[node_id]), default=0)
            if depth[node_id] == len(rows):
                rows.append([])
            rows[depth[node_id]].append(node_id)
        return tuple(tuple(row) for row in rows)

    @cached_property
    def ancestors(self) -> tuple[int, ...]:
        """By position: the bitset of all nodes upstream of it."""
        sets = [0] * len(self.order)
        for index, node_id in enumerate(self.order):
            for predecessor in self.predecessors[node_id]:
                before = self.position[predecessor]
                sets[index] |= sets[before] | 1 << before
        return tuple(sets)

    @cached_property
    def descendants(self) -> tuple[int, ...]:
        """By position: the bitset of all nodes downstream of it."""
        sets = [0] * len(self.order)
        for index in range(len(self.order) - 1, -1, -1):
            for successor in self.successors[self.order[index]]:
                after = self.position[successor]
                sets[index] |= sets[after] | 1 << after
        return tuple(sets)

    def upstream(self, node_id: str) -> frozenset[str]:
        """All nodes that a node comes after; works in and behind cycles too."""
        if node_id in self.position:
            return frozenset(self.order[index] for index in bits(self.ancestors[self.position[node_id]]))
        found: set[str] = set()
        waiting = list(self.predecessors[node_id])
        while waiting:
            source = waiting.pop()
            if source not in found:
                found.add(source)
                waiting.extend(self.predecessors[source])
        return frozenset(found)

    def reduced(self) -> Dag:
        """The transitive reduction: the same order of nodes with the fewest edges; ValueError on a cycle."""
        if not self.is_acyclic:
            raise ValueError(f"a graph with a cycle has no transitive reduction: {self.cycles}")
        edges: list[tuple[str, str]] = []
        for index, node_id in enumerate(self.order):
            reached = 0
            for after in sorted(self.position[s] for s in self.successors[node_id]):
                if not reached >> after & 1:
                    edges.append((self.order[index], self.order[after]))
                reached |= self.descendants[after] | 1 << after
        return Dag.of_edges(self.ids, edges)
