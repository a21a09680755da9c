from __future__ import annotations

from engine.compiler.levels import level_tree
from engine.compiler.tree import (
    Leaf,
    Parallel,
    Series,
    finish_times,
    followers,
    in_parallel,
    in_series,
    leaves,
    makespan,
    parallel_depth,
)
from engine.dag import Dag

A, B, C, D = (Leaf(name) for name in "abcd")
TREE = Series((A, Parallel((B, Series((C, D))))))


def test_parts_of_the_same_kind_are_spliced_in() -> None:
    assert in_series([A, Series((B, C)), D]) == Series((A, B, C, D))
    assert in_parallel([A, Parallel((B, C)), D]) == Parallel((A, B, C, D))
    assert in_series([A]) == in_parallel([A]) == A


def test_leaves_come_from_left_to_right() -> None:
    assert list(leaves(TREE)) == ["a", "b", "c", "d"]


def test_depth_counts_parallels_inside_one_another() -> None:
    assert [parallel_depth(tree) for tree in (A, TREE, Parallel((A, TREE)))] == [0, 1, 2]


def test_a_tree_takes_the_sum_of_a_series_and_the_longest_of_a_parallel() -> None:
    seconds = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 4.0}
    assert makespan(TREE, seconds) == 7.0
    starts, ends = finish_times(TREE, seconds)
    assert starts == {"a": 0.0, "b": 1.0, "c": 1.0, "d": 3.0}
    assert ends == {"a": 1.0, "b": 6.0, "c": 3.0, "d": 7.0}


def test_followers_are_the_steps_that_start_only_afterwards() -> None:
    assert followers(TREE) == {"a": 0b1110, "b": 0, "c": 0b1000, "d": 0}


def test_levels_become_one_parallel_each() -> None:
    dag = Dag.of_edges("abcd", ["ab", "ac", "bd", "cd"])
    assert level_tree(dag) == Series((A, Parallel((B, C)), D))
