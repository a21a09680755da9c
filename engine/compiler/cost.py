"""What a tree over a set of steps costs: seconds, and waits that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from engine.compiler.cut import level_blocks
from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.poset import EPSILON_SECONDS, Poset, Shape
from engine.dag import bits

# Steps looked at in one search, a figure that is the same on every machine: some 3 s on one core.
MAX_WORK = 1_500_000

# Seconds, then pairs of steps put in an order that nobody asked for.
Cost: TypeAlias = tuple[float, int]


def add_costs(costs: Iterable[Cost]) -> Cost:
    """One after another."""
    seconds, pairs = 0.0, 0
    for cost in costs:
        seconds, pairs = seconds + cost[0], pairs + cost[1]
    return seconds, pairs


def is_less(one: Cost, other: Cost) -> bool:
    """Whether a cost is less: by seconds that count, then by pairs."""
    if abs(one[0] - other[0]) > EPSILON_SECONDS:
        return one[0] < other[0]
    return one[1] < other[1]


class CostModel:
    """Estimates for one search; ``work`` counts the steps that were looked at, ``max_work`` bounds it."""

    def __init__(self, poset: Poset, seconds: Sequence[float], max_work: int = MAX_WORK) -> None:
        self._poset, self._seconds, self.max_work = poset, seconds, max_work
        self._estimates: dict[int, Cost] = {}
        self.work = 0

    def split(self, steps: int) -> tuple[Shape, tuple[int, ...]]:
        """How a set falls apart, counted as work."""
        self.work += steps.bit_count()
        return self._poset.split(steps)

    def estimate(self, steps: int) -> Cost:
        """What a set costs at most: exact where it is series-parallel, levels inside its cores."""
        return run_deep(self._estimate(steps))

    def _estimate(self, steps: int) -> Deep[Cost]:
        if steps not in self._estimates:
            self._estimates[steps] = yield self._compute_estimate(steps)
        return self._estimates[steps]

    def _compute_estimate(self, steps: int) -> Deep[Cost]:
        shape, parts = self.split(steps)
        if shape is Shape.LEAF:
            return self._seconds[steps.bit_length() - 1], 0
        if shape is Shape.CORE:
            return self.level_cost(steps)
        costs: list[Cost] = yield all_of(map(self._estimate, parts))
        if shape is Shape.SERIES:
            return add_costs(costs)
        return max(cost[0] for cost in costs), sum(cost[1] for cost in costs)

    def level_cost(self, core: int) -> Cost:
        """Of the levels of a set."""
        self.work += core.bit_count()
        blocks = level_blocks(self._poset, core)
        slowest = [(max(map(self._seconds.__getitem__, bits(block))), 0) for block in blocks]
        return add_costs([*slowest, *self.barriers(blocks)])

    def barriers(self, windows: Sequence[int]) -> list[Cost]:
        """Of a barrier after each window but the last."""
        later = 0
        costs: list[Cost] = []
        for window in reversed(windows):
            costs.append(self.barrier(window, later))
            later |= window
        return costs

    def barrier(self, window: int, later: int) -> Cost:
        """Of one barrier: pairs across it that had no order."""
        self.work += window.bit_count()
        return 0.0, self._poset.unordered_pairs(window, later)

    def critical_seconds(self, steps: int) -> float:
        """The longest chain of a set: no tree is faster."""
        ends: dict[int, float] = {}
        for v in bits(steps):
            before = (ends[p] for p in self._poset.predecessors[v] if p in ends)
            ends[v] = self._seconds[v] + max(before, default=0.0)
        return max(ends.values())
