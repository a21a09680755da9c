from __future__ import annotations

import itertools
import random

import pytest

from engine.compiler.latch import latch_of
from engine.compiler.poset import Poset, Shape
from engine.compiler.schedule import critical_path
from engine.compiler.series_parallel import MAX_PARALLEL_DEPTH, limit_depth, series_parallel_tree
from engine.compiler.tree import (
    LATCH_SECONDS,
    Latch,
    Leaf,
    Link,
    Parallel,
    Series,
    leaves,
    makespan,
    parallel_depth,
)
from engine.dag import Dag

A, B, C, D = (Leaf(name) for name in "abcd")
N_SHAPE = Dag.of_edges("abcd", ["ac", "bc", "bd"])
# Three chains of two, each first step also leading to the second step of the next chain.
CROWN = Dag.of_edges("abcxyz", ["ax", "by", "cz", "ay", "bz"])


def random_dag(count: int, seed: int) -> tuple[Dag, dict[str, float]]:
    """A graph with one large core, and seconds for its nodes."""
    chance = random.Random(seed)
    ids = [f"n{index}" for index in range(count)]
    near = max(3, count // 5)
    edges = [
        (ids[first], ids[second])
        for first in range(count)
        for second in range(first + 1, min(count, first + near))
        if chance.random() < 6 / count
    ]
    return Dag.of_edges(ids, edges), {name: chance.uniform(0.1, 20) for name in ids}


@pytest.mark.parametrize(
    ("nodes", "edges", "tree"),
    [
        ("a", [], A),
        ("abc", ["ab", "bc", "ac"], Series((A, B, C))),
        ("abc", [], Parallel((A, B, C))),
        ("abcd", ["ab", "cd"], Parallel((Series((A, B)), Series((C, D))))),
        ("abcd", ["ab", "ac", "bd", "cd", "ad"], Series((A, Parallel((B, C)), D))),
        ("abcd", ["ac", "ad", "bc", "bd"], Series((Parallel((A, B)), Parallel((C, D))))),
    ],
)
def test_a_series_parallel_graph_becomes_its_own_tree(nodes: str, edges: list[str], tree: object) -> None:
    assert series_parallel_tree(Dag.of_edges(nodes, [(e[0], e[1]) for e in edges])) == tree


def test_a_set_falls_apart_into_parts_or_is_a_core() -> None:
    poset = Poset.of(N_SHAPE)
    assert poset.names == ("a", "b", "c", "d")
    assert poset.split(0b1111) == (Shape.CORE, (0b1111,))
    assert poset.split(0b0011) == (Shape.PARALLEL, (0b0001, 0b0010))
    assert poset.split(0b1010) == (Shape.SERIES, (0b0010, 0b1000))
    assert poset.split(0b0100) == (Shape.LEAF, (0b0100,))


def test_a_core_without_durations_is_cut_at_a_level() -> None:
    assert series_parallel_tree(N_SHAPE) == Series((Parallel((A, B)), Parallel((C, D))))


def test_a_core_with_durations_is_cut_where_least_is_lost() -> None:
    # After b alone, d runs beside a; c has to wait for a anyway.
    seconds = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 9.0}
    tree = series_parallel_tree(N_SHAPE, seconds)
    assert makespan(tree, seconds) == 10.0
    seconds = {"a": 9.0, "b": 1.0, "c": 1.0, "d": 9.0}
    tree = series_parallel_tree(N_SHAPE, seconds, latches=False)
    assert tree == Series((B, Parallel((Series((A, C)), D))))
    assert makespan(tree, seconds) == 11.0


def test_a_core_with_durations_is_a_latch_where_that_is_faster() -> None:
    seconds = {"a": 9.0, "b": 1.0, "c": 1.0, "d": 9.0}
    tree = series_parallel_tree(N_SHAPE, seconds)
    assert tree == Latch(((Link(A), Link(C, ("b",))), (Link(B), Link(D))))
    assert makespan(tree, seconds) == pytest.approx(10.0 + LATCH_SECONDS)
    near = {"a": 1.1, "b": 1.0, "c": 1.0, "d": 1.1}
    assert isinstance(series_parallel_tree(N_SHAPE, near), Series)


def test_steps_with_the_same_neighbours_share_one_wait() -> None:
    dag = Dag.of_edges("abuvwz", ["au", "av", "aw", "bu", "bv", "bw", "bz"])
    poset = Poset.of(dag)
    latch = latch_of(poset, poset.everything, [2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    alike = Parallel((Leaf("u"), Leaf("v"), Leaf("w")))
    assert latch == Latch(((Link(A), Link(alike, ("b",))), (Link(B), Link(Leaf("z")))))


def test_the_better_of_several_chains_of_barriers_is_taken() -> None:
    seconds = dict(zip("abcxyz", [1.0, 2.0, 8.5, 9.0, 3.0, 1.0], strict=True))
    assert makespan(series_parallel_tree(CROWN), seconds) == 17.5
    assert makespan(series_parallel_tree(CROWN, seconds, latches=False), seconds) == 10.5
    assert makespan(series_parallel_tree(CROWN, seconds), seconds) == 10.0


def test_the_same_graph_gives_the_same_tree() -> None:
    dag, seconds = random_dag(60, seed=1)
    assert series_parallel_tree(dag, seconds) == series_parallel_tree(dag, seconds)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_large_core_comes_near_its_critical_path(seed: int) -> None:
    dag, seconds = random_dag(100, seed)
    critical = sum(seconds[name] for name in critical_path(dag, seconds))
    assert makespan(series_parallel_tree(dag, seconds), seconds) <= 1.15 * critical


def test_parallels_do_not_stand_too_deep_inside_one_another() -> None:
    chain = [f"c{index}" for index in range(200)]
    sides = [(name, f"side_{name}") for name in chain]
    dag = Dag.of_edges([*chain, *(side for _, side in sides)], [*itertools.pairwise(chain), *sides])
    tree = limit_depth(dag, series_parallel_tree(dag))
    assert parallel_depth(tree) <= MAX_PARALLEL_DEPTH
    assert sorted(leaves(tree)) == sorted(dag.ids)


def test_a_long_chain_needs_no_recursion() -> None:
    ids = [f"n{index}" for index in range(3_000)]
    assert series_parallel_tree(Dag.of_edges(ids, itertools.pairwise(ids))) == Series(tuple(map(Leaf, ids)))
