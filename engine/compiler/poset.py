"""The order that the connections ask for, as bitsets, and how a set of steps falls apart in it.

Bit i of every set is the i-th step of the graph's order. All sets that come up are convex (with two
steps they have every step between them), so that what is near inside a set is near in the whole graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from engine.dag import Dag, bits

# Sums of seconds that differ by less are the same: floating point, and nobody measures nanoseconds.
EPSILON_SECONDS = 1e-9


class Shape(Enum):
    """What a set of steps is, seen from outside."""

    LEAF = "leaf"
    PARALLEL = "parallel"
    """Parts with no order between them."""
    SERIES = "series"
    """Parts of which each comes wholly after the one before."""
    CORE = "core"
    """Neither: no series-parallel tree has exactly this order."""


@dataclass(frozen=True)
class Poset:
    """Ancestors and descendants of each step, and its neighbours in the transitive reduction."""

    names: tuple[str, ...]
    ancestors: tuple[int, ...]
    descendants: tuple[int, ...]
    predecessors: tuple[tuple[int, ...], ...]
    successors: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, dag: Dag) -> Poset:
        """The order of an acyclic graph; edges that others imply make no difference."""
        reduced = dag.reduced()
        place = dag.position

        def near(node_id: str, neighbours: dict[str, tuple[str, ...]]) -> tuple[int, ...]:
            return tuple(sorted(place[other] for other in neighbours[node_id]))

        return cls(
            dag.order,
            dag.ancestors,
            dag.descendants,
            tuple(near(node_id, dict(reduced.predecessors)) for node_id in dag.order),
            tuple(near(node_id, dict(reduced.successors)) for node_id in dag.order),
        )

    @property
    def everything(self) -> int:
        """The set of all steps."""
        return (1 << len(self.names)) - 1

    @cached_property
    def _related(self) -> tuple[int, ...]:
        """The steps that have an order with each."""
        return tuple(map(int.__or__, self.ancestors, self.descendants))

    @cached_property
    def _unrelated(self) -> tuple[int, ...]:
        """The steps that have none with it, and itself."""
        return tuple(self.everything ^ related for related in self._related)

    def split(self, steps: int) -> tuple[Shape, tuple[int, ...]]:
        """How a set falls apart: its parts, in order for a series; a core stays whole."""
        if not steps & (steps - 1):
            return Shape.LEAF, (steps,)
        comparable = _components(steps, self._related)
        if len(comparable) > 1:
            return Shape.PARALLEL, comparable
        unordered = _components(steps, self._unrelated)
        if len(unordered) > 1:
            first = {part: (part & -part).bit_length() - 1 for part in unordered}
            by_place = sorted(unordered, key=lambda part: (self.ancestors[first[part]] & steps).bit_count())
            return Shape.SERIES, tuple(by_place)
        return Shape.CORE, (steps,)

    def unordered_pairs(self, earlier: int, later: int) -> int:
        """How many pairs a barrier between two sets puts in an order that nobody asked for."""
        after = self.descendants
        ordered = sum([(after[v] & later).bit_count() for v in bits(earlier)])
        return earlier.bit_count() * later.bit_count() - ordered

    def ordered_pairs(self, steps: int) -> int:
        """How many pairs of a set have an order."""
        before = self.ancestors
        return sum([(before[v] & steps).bit_count() for v in bits(steps)])


def _components(steps: int, related: Sequence[int]) -> tuple[int, ...]:
    """The connected components of a relation on a set, each found by walking outwards from its first step.

    Written out, since a search spends much of its time here.
    """
    found: list[int] = []
    left = steps
    while left:
        component = front = left & -left
        left ^= front
        while front and left:
            reached = 0
            while front:
                first = front & -front
                reached |= related[first.bit_length() - 1] & left
                if reached == left:
                    break
                front ^= first
            front = reached
            component |= front
            left ^= front
        found.append(component)
    return tuple(found)
