"""The tree with the fewest waits that we find: exact where the order is series-parallel, cut elsewhere.

Components of the comparability graph run in parallel, co-components one after another: neither adds a wait
that the document did not ask for. What is left is a prime core; every series-parallel tree of it starts
with a barrier, so it is cut into windows, which are solved in the same way; or it becomes a latch, which
has no barrier and pays for each of its waits, where that is predicted to be faster.

Without durations a core is cut at some of its levels. The levels of a core are levels of the whole graph,
so each wait of such a tree is a wait of the level tree: it is never slower, whatever the steps take. With
durations other cuts are tried, and this tree is kept where none of them is predicted to be better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeAlias

from engine.compiler.cost import MAX_WORK, Cost, CostModel, add_costs, is_less
from engine.compiler.cut import Blocks, downset_cuts, late_level_blocks, level_blocks, time_blocks
from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.latch import latch_of
from engine.compiler.poset import EPSILON_SECONDS, Poset, Shape
from engine.compiler.tree import (
    Fork,
    Latch,
    Leaf,
    Parallel,
    Tree,
    children,
    in_parallel,
    in_series,
    leaves,
    makespan,
    parallel_depth,
)
from engine.compiler.window import best_windows
from engine.dag import Dag, bits

# What a set costs, and its tree.
Solved: TypeAlias = tuple[Cost, Tree]
# By core: its chains of windows with their estimates, best first.
Chains: TypeAlias = dict[int, list[tuple[Cost, Blocks]]]

# Parallels inside one another, at most: definitions are JSON, and readers of deeper JSON give up.
MAX_PARALLEL_DEPTH = 50
# Cuts inside cuts, at most: Python's own limit of recursion is 1,000 frames.
MAX_CUT_DEPTH = 80
# Blocks by time in a chain; more are hardly better and cost their square.
TIME_BLOCKS = 20
# Chains, and single cuts, that are followed to their end rather than by estimate.
FOLLOWED_CHAINS = 2
FOLLOWED_CUTS = 3
# Of the work that one search may be, what another of the same graph has at least.
SECOND_SHARE = 5


def series_parallel_tree(
    dag: Dag,
    seconds: Mapping[str, float] | None = None,
    *,
    latches: bool = True,
    max_work: int = MAX_WORK,
) -> Tree:
    """The best tree found: never slower than levels, and without any barrier where none is needed.

    ``latches``: whether a core may become one, which takes task tokens. ``max_work`` bounds each search.

    Parallels may stand deeper inside one another than a definition can hold them: see ``limit_depth``.
    """
    return TreeSearch(dag, seconds, max_work).find(latches=latches)


class TreeSearch:
    """The search for the tree of a graph, with latches or without: the second knows what the first saw."""

    def __init__(self, dag: Dag, seconds: Mapping[str, float] | None, max_work: int = MAX_WORK) -> None:
        self._poset, self._seconds, self._max_work = Poset.of(dag), seconds, max_work
        self._timed = self._estimates(seconds)
        self._chains: Chains = {}

    def find(self, *, latches: bool) -> Tree:
        """See ``series_parallel_tree``."""
        if self._seconds is None:
            return self._certain
        # A second search has what is left, and a little: it would double the time else.
        self._timed.work = min(self._timed.work, self._max_work - self._max_work // SECOND_SHARE)
        timed = _Solver(self._poset, self._timed, self._chains, timed=True, latches=latches).tree()
        gain = makespan(self._certain, self._seconds) - makespan(timed, self._seconds)
        return timed if gain > EPSILON_SECONDS else self._certain

    @cached_property
    def _certain(self) -> Tree:
        """The best whatever the steps take."""
        return _Solver(self._poset, self._estimates(None), {}, timed=False, latches=False).tree()

    def _estimates(self, seconds: Mapping[str, float] | None) -> CostModel:
        known = [seconds[name] if seconds else 0.0 for name in self._poset.names]
        return CostModel(self._poset, known, self._max_work)


def limit_depth(dag: Dag, tree: Tree) -> Tree:
    """The tree with levels where Parallels would stand too deep inside one another; forks count for none."""
    if parallel_depth(tree) <= MAX_PARALLEL_DEPTH:
        return tree
    return run_deep(_limit_depth(Poset.of(dag), tree, 0))


class _Solver:
    """One search's memory of the sets that it has solved; ``chains`` are the windows of cores, by core."""

    def __init__(self, poset: Poset, costs: CostModel, chains: Chains, *, timed: bool, latches: bool) -> None:
        self._poset, self._costs, self._chains = poset, costs, chains
        self._timed, self._latches = timed, latches
        self._seconds = costs.seconds
        self._solved: dict[int, Solved] = {}

    def tree(self) -> Tree:
        """The best tree of all steps."""
        return run_deep(self._solve(self._poset.everything, 0))[1]

    def _solve(self, steps: int, cut_depth: int) -> Deep[Solved]:
        """The tree of a convex set and what it costs."""
        if steps not in self._solved:
            self._solved[steps] = yield self._find(steps, cut_depth)
        return self._solved[steps]

    def _find(self, steps: int, cut_depth: int) -> Deep[Solved]:
        shape, parts = self._costs.split(steps)
        if shape is Shape.LEAF:
            place = steps.bit_length() - 1
            return (self._seconds[place], 0), Leaf(self._poset.names[place])
        if shape is Shape.CORE:
            cut: Solved = yield self._cut_core(steps, cut_depth + 1)
            return self._latch(steps, cut)
        solved: list[Solved] = yield all_of(self._solve(part, cut_depth) for part in parts)
        if shape is Shape.SERIES:
            return add_costs(cost for cost, _ in solved), in_series(tree for _, tree in solved)
        cost = max(cost[0] for cost, _ in solved), sum(cost[1] for cost, _ in solved)
        return cost, in_parallel(tree for _, tree in solved)

    def _cut_core(self, core: int, cut_depth: int) -> Deep[Solved]:
        levels = level_blocks(self._poset, core)
        if cut_depth > MAX_CUT_DEPTH or self._costs.work > self._costs.max_work:
            return self._costs.level_cost(core), _barriers(self._poset, levels)
        if core not in self._chains:
            found = [best_windows(self._costs, blocks) for blocks in (levels, *self._other_chains(core))]
            self._chains[core] = sorted(found, key=lambda chain: chain[0])
        at_best = self._costs.critical_seconds(core) + EPSILON_SECONDS if self._timed else 0.0
        best: Solved | None = None
        for _, windows in self._chains[core][:FOLLOWED_CHAINS]:
            best = yield self._better(best, windows, cut_depth)
            if best[0][0] <= at_best:
                return best
        assert best is not None  # noqa: S101 - there is a chain of levels always
        if self._timed:
            followed = (
                FOLLOWED_CUTS
                if core.bit_count() <= 80 and self._costs.work < self._costs.max_work // 3
                else 1
            )
            for cut_seconds, cut in downset_cuts(self._poset, core, self._seconds, followed):
                if cut_seconds < best[0][0] - EPSILON_SECONDS and best[0][0] > at_best:
                    best = yield self._better(best, (cut, core & ~cut), cut_depth)
        return best

    def _latch(self, core: int, cut: Solved) -> Solved:
        """The latch of a core where it is faster than the cut."""
        if not self._latches or cut[0][0] <= self._costs.critical_seconds(core) + EPSILON_SECONDS:
            return cut
        latch = latch_of(self._poset, core, self._seconds)
        seconds = makespan(latch, dict(zip(self._poset.names, self._seconds, strict=True)))
        return ((seconds, 0), latch) if seconds < cut[0][0] - EPSILON_SECONDS else cut

    def _better(self, best: Solved | None, windows: Blocks, cut_depth: int) -> Deep[Solved]:
        """The best so far, or these windows one after another."""
        solved: list[Solved] = yield all_of(self._solve(window, cut_depth) for window in windows)
        cost = add_costs([*(cost for cost, _ in solved), *self._costs.barriers(windows)])
        if best is not None and not is_less(cost, best[0]):
            return best
        return cost, in_series(tree for _, tree in solved)

    def _other_chains(self, core: int) -> Iterator[Blocks]:
        if self._timed:
            yield late_level_blocks(self._poset, core)
            yield from time_blocks(self._poset, core, self._seconds, TIME_BLOCKS)


def _barriers(poset: Poset, blocks: Blocks) -> Tree:
    """A barrier after each block, and no order inside it."""
    return in_series(in_parallel(Leaf(poset.names[v]) for v in bits(block)) for block in blocks)


def _limit_depth(poset: Poset, tree: Tree, depth: int) -> Deep[Tree]:
    """The tree as it may stand inside so many Parallels."""
    if depth + parallel_depth(tree) <= MAX_PARALLEL_DEPTH:
        return tree
    if depth + 1 >= MAX_PARALLEL_DEPTH or isinstance(tree, Latch):
        place = {name: index for index, name in enumerate(poset.names)}
        return _barriers(poset, level_blocks(poset, sum(1 << place[step] for step in leaves(tree))))
    inner = depth + isinstance(tree, Parallel)
    parts: list[Tree] = yield all_of(_limit_depth(poset, child, inner) for child in children(tree))
    if isinstance(tree, Fork):
        return tree.with_ways(parts)
    return in_parallel(parts) if isinstance(tree, Parallel) else in_series(parts)
