from __future__ import annotations

import itertools

import pytest

from engine.dag import Dag, bits
from engine.workflow import Workflow


def dag(nodes: str, *edges: str) -> Dag:
    return Dag.of_edges(nodes, [(edge[0], edge[1]) for edge in edges])


def test_a_workflow_becomes_a_graph_of_its_nodes_and_connections() -> None:
    workflow = Workflow.model_validate(
        {
            "name": "w",
            "nodes": [{"id": "b", "type": "t"}, {"id": "a", "type": "t"}],
            "connections": [{"source": "a", "target": "b"}],
        }
    )
    graph = Dag.of(workflow)
    assert graph.ids == ("b", "a")
    assert graph.successors == {"b": (), "a": ("b",)}
    assert graph.predecessors == {"b": ("a",), "a": ()}


def test_the_order_takes_the_first_of_the_document_among_those_that_are_ready() -> None:
    assert dag("dcba", "ad", "bd").order == ("c", "b", "a", "d")


def test_several_connections_between_two_nodes_are_one_edge() -> None:
    graph = dag("ab", "ab", "ab")
    assert graph.successors["a"] == ("b",)
    assert graph.order == ("a", "b")


def test_connections_of_unknown_nodes_and_to_the_node_itself_are_no_edges() -> None:
    graph = dag("ab", "aa", "ax", "xb", "ab")
    assert graph.successors == {"a": ("b",), "b": ()}
    assert graph.cycles == ()


def test_a_cycle_is_told_as_the_path_through_its_nodes() -> None:
    graph = dag("xabcy", "xa", "ab", "bc", "ca", "cy")
    assert graph.cycles == (("a", "b", "c"),)
    assert graph.order == ("x",)
    assert not graph.is_acyclic


def test_nodes_behind_a_cycle_are_not_told_as_part_of_it() -> None:
    assert dag("zab", "ab", "ba", "bz").cycles == (("a", "b"),)


def test_two_knots_are_told_apart() -> None:
    assert dag("abcd", "ab", "ba", "bc", "cd", "dc").cycles == (("a", "b"), ("c", "d"))


def test_the_shortest_way_round_is_told() -> None:
    assert dag("abcd", "ab", "bc", "cd", "da", "ba").cycles == (("a", "b"),)


def test_levels_follow_the_longest_path() -> None:
    assert dag("abcde", "ab", "bc", "ac", "ad").levels == (("a", "e"), ("b", "d"), ("c",))


def test_ancestors_and_descendants_are_bitsets_over_the_order() -> None:
    graph = dag("abcd", "ab", "bc", "bd")
    assert [list(bits(s)) for s in graph.ancestors] == [[], [0], [0, 1], [0, 1]]
    assert [list(bits(s)) for s in graph.descendants] == [[1, 2, 3], [2, 3], [], []]


def test_upstream_names_all_ancestors_in_a_cycle_too() -> None:
    assert dag("abc", "ab", "bc").upstream("c") == {"a", "b"}
    assert dag("abc", "ab", "ba", "bc").upstream("c") == {"a", "b"}


def test_the_reduction_drops_what_a_longer_path_says() -> None:
    reduced = dag("abcd", "ab", "bc", "cd", "ac", "ad", "bd").reduced()
    assert reduced.successors == {"a": ("b",), "b": ("c",), "c": ("d",), "d": ()}


def test_a_cycle_has_no_reduction() -> None:
    with pytest.raises(ValueError, match="cycle"):
        dag("ab", "ab", "ba").reduced()


def test_a_chain_of_thousands_needs_no_recursion() -> None:
    ids = [f"n{index}" for index in range(5_000)]
    graph = Dag.of_edges(ids, itertools.pairwise(ids))
    assert graph.order == tuple(ids)
    assert Dag.of_edges(ids, [*itertools.pairwise(ids), (ids[-1], ids[0])]).cycles == (tuple(ids),)
