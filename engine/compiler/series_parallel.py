"""The tree with the fewest waits that we find: exact where the order is series-parallel, cut elsewhere.

Components of the comparability graph run in parallel, co-components one after another: neither adds a wait
that the document did not ask for. What is left is a prime core; every series-parallel tree of it starts
with a barrier, so it is cut into windows, which are solved in the same way.

Without durations a core is cut at some of its levels. The levels of a core are levels of the whole graph,
so each wait of such a tree is a wait of the level tree: it is never slower, whatever the steps take. With
durations other cuts are tried, and this tree is kept where none of them is predicted to be better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.compiler.cost import MAX_WORK, Cost, CostModel, add_costs, is_less
from engine.compiler.cut import Blocks, downset_cuts, late_level_blocks, level_blocks, time_blocks
from engine.compiler.poset import EPSILON_SECONDS, Poset, Shape
from engine.compiler.tree import (
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

# Parallels inside one another, at most: definitions are JSON, and readers of deeper JSON give up.
MAX_PARALLEL_DEPTH = 50
# Cuts inside cuts, at most: Python's own limit of recursion is 1,000 frames.
MAX_CUT_DEPTH = 60
# Blocks by time in a chain; more are hardly better and cost their square.
TIME_BLOCKS = 20
# Chains, and single cuts, that are followed to their end rather than by estimate.
FOLLOWED_CHAINS = 2
FOLLOWED_CUTS = 3


def series_parallel_tree(dag: Dag, seconds: Mapping[str, float] | None = None) -> Tree:
    """The best tree found: never slower than levels, and without any barrier where none is needed."""
    poset = Poset.of(dag)
    certain = _limit_depth(poset, _Solver(poset, None).solve(poset.everything)[1])
    if seconds is None:
        return certain
    timed = _limit_depth(poset, _Solver(poset, seconds).solve(poset.everything)[1])
    gain = makespan(certain, seconds) - makespan(timed, seconds)
    return timed if gain > EPSILON_SECONDS else certain


class _Solver:
    """One search's memory of the sets that it has solved."""

    def __init__(self, poset: Poset, seconds: Mapping[str, float] | None) -> None:
        self._poset = poset
        self._timed = seconds is not None
        self._seconds = [seconds[name] if seconds else 0.0 for name in poset.names]
        self._costs = CostModel(poset, self._seconds)
        self._solved: dict[int, tuple[Cost, Tree]] = {}

    def solve(self, steps: int, cut_depth: int = 0) -> tuple[Cost, Tree]:
        """The tree of a convex set and what it costs."""
        if steps not in self._solved:
            self._solved[steps] = self._solve(steps, cut_depth)
        return self._solved[steps]

    def _solve(self, steps: int, cut_depth: int) -> tuple[Cost, Tree]:
        shape, parts = self._costs.split(steps)
        if shape is Shape.LEAF:
            place = steps.bit_length() - 1
            return (self._seconds[place], 0), Leaf(self._poset.names[place])
        if shape is Shape.CORE:
            return self._solve_core(steps, cut_depth + 1)
        solved = [self.solve(part, cut_depth) for part in parts]
        if shape is Shape.SERIES:
            return add_costs(cost for cost, _ in solved), in_series(tree for _, tree in solved)
        cost = max(cost[0] for cost, _ in solved), sum(cost[1] for cost, _ in solved)
        return cost, in_parallel(tree for _, tree in solved)

    def _solve_core(self, core: int, cut_depth: int) -> tuple[Cost, Tree]:
        levels = level_blocks(self._poset, core)
        if cut_depth > MAX_CUT_DEPTH or self._costs.work > MAX_WORK:
            return self._costs.level_cost(core), _barriers(self._poset, levels)
        chains = [best_windows(self._costs, blocks) for blocks in (levels, *self._other_chains(core))]
        chains.sort(key=lambda chain: chain[0])
        at_best = self._costs.critical_seconds(core) + EPSILON_SECONDS if self._timed else 0.0
        best: tuple[Cost, Tree] | None = None
        for _, windows in chains[:FOLLOWED_CHAINS]:
            best = self._better(best, windows, cut_depth)
            if best[0][0] <= at_best:
                return best
        assert best is not None  # noqa: S101 - there is a chain of levels always
        if self._timed:
            followed = FOLLOWED_CUTS if core.bit_count() <= 80 and self._costs.work < MAX_WORK // 3 else 1
            for cut_seconds, cut in downset_cuts(self._poset, core, self._seconds, followed):
                if cut_seconds < best[0][0] - EPSILON_SECONDS and best[0][0] > at_best:
                    best = self._better(best, (cut, core & ~cut), cut_depth)
        return best

    def _better(self, best: tuple[Cost, Tree] | None, windows: Blocks, cut_depth: int) -> tuple[Cost, Tree]:
        """The best so far, or these windows one after another."""
        solved = [self.solve(window, cut_depth) for window in windows]
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


def _limit_depth(poset: Poset, tree: Tree, depth: int = 0) -> Tree:
    """The tree with levels where Parallels would stand too deep inside one another."""
    if depth + parallel_depth(tree) <= MAX_PARALLEL_DEPTH:
        return tree
    if depth + 1 >= MAX_PARALLEL_DEPTH:
        place = {name: index for index, name in enumerate(poset.names)}
        return _barriers(poset, level_blocks(poset, sum(1 << place[step] for step in leaves(tree))))
    if isinstance(tree, Parallel):
        return in_parallel(_limit_depth(poset, branch, depth + 1) for branch in tree.branches)
    return in_series(_limit_depth(poset, part, depth) for part in children(tree))
