"""What a tree over a set of steps costs: seconds, and waits that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from engine.compiler.deep import Deep, run_deep
from engine.compiler.poset import EPSILON_SECONDS, Poset, Shape
from engine.dag import bits

# Steps looked at in one search, a figure that is the same on every machine: some 1.5 s on one core. Half as
# many more made the plans of eight cores of 1,000 nodes 2 % faster at best, and took a third longer.
MAX_WORK = 1_000_000

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
        self._poset, self.seconds, self.max_work = poset, seconds, max_work
        self._estimates: dict[int, Cost] = {}
        self.work = 0

    def split(self, steps: int) -> tuple[Shape, tuple[int, ...]]:
        """How a set falls apart, counted as work."""
        self.work += steps.bit_count()
        return self._poset.split(steps)

    def estimate(self, steps: int) -> Cost:
        """What a set costs at most: exact where it is series-parallel, levels inside its cores."""
        known = self._estimates.get(steps)
        return known if known is not None else run_deep(self._estimate(steps))

    def _estimate(self, steps: int) -> Deep[Cost]:
        """The same, of a set that is not known yet."""
        shape, parts = self.split(steps)
        if shape is Shape.LEAF:
            cost: Cost = self.seconds[steps.bit_length() - 1], 0
        elif shape is Shape.CORE:
            cost = self.level_cost(steps)
        else:
            costs = []
            for part in parts:
                known = self._estimates.get(part)
                costs.append(known if known is not None else (yield self._estimate(part)))
            if shape is Shape.SERIES:
                cost = add_costs(costs)
            else:
                cost = max(seconds for seconds, _ in costs), sum(pairs for _, pairs in costs)
        self._estimates[steps] = cost
        return cost

    def level_cost(self, core: int) -> Cost:
        """Of the levels of a set: the slowest step of each, and the pairs between them that had no order."""
        count = core.bit_count()
        self.work += 2 * count
        before, seconds = self._poset.predecessors, self.seconds
        level = [-1] * len(seconds)
        slowest: list[float] = []
        sizes: list[int] = []
        for v in bits(core):
            own = level[v] = 1 + max(map(level.__getitem__, before[v]), default=-1)
            if own == len(sizes):
                sizes.append(1)
                slowest.append(seconds[v])
                continue
            sizes[own] += 1
            slowest[own] = max(slowest[own], seconds[v])
        apart = (count**2 - sum([size**2 for size in sizes])) // 2
        return sum(slowest), apart - self._poset.ordered_pairs(core)

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
            ends[v] = self.seconds[v] + max(before, default=0.0)
        return max(ends.values())
