"""The tree that is always valid: one Parallel for each level of several steps, a Task for one."""

from __future__ import annotations

from engine.compiler.tree import Leaf, Tree, in_parallel, in_series
from engine.dag import Dag


def level_tree(dag: Dag) -> Tree:
    """Level after level, each waiting for the slowest step of the one before."""
    return in_series(in_parallel(Leaf(step) for step in level) for level in dag.levels)
