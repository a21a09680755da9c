from __future__ import annotations

from engine.compiler.tree import Leaf, Parallel, Series
from engine.compiler.wait import Wait, find_waits
from engine.dag import Dag

DAG = Dag.of_edges("abcd", ["ac", "bc", "bd"])
A, B, C, D = (Leaf(name) for name in "abcd")
TREE = Series((Parallel((A, B)), Parallel((C, D))))


def test_a_wait_that_no_connection_asks_for_is_told() -> None:
    assert find_waits(DAG, TREE, None) == (Wait("d", ("a",), None),)


def test_its_cost_is_the_time_since_all_that_was_needed_had_ended() -> None:
    seconds = {"a": 4.5, "b": 1.0, "c": 1.0, "d": 1.0}
    (wait,) = find_waits(DAG, TREE, seconds)
    assert wait == Wait("d", ("a",), 3.5)
    assert wait.to_json() == {
        "node": "d",
        "waits_for": ["a"],
        "waits_for_count": 1,
        "seconds": 3.5,
        "text": "'d' waits for 'a' too, for branches are joined whole and no nesting of branches has exactly "
        "the order of these connections; it costs 3.5 s",
    }


def test_a_wait_that_costs_nothing_is_not_told() -> None:
    assert find_waits(DAG, TREE, {"a": 1.0, "b": 4.0, "c": 1.0, "d": 1.0}) == ()


def test_many_names_are_counted_rather_than_listed() -> None:
    assert Wait("d", tuple("abcefgh"), None).to_json()["waits_for"] == list("abcef")
    assert "'f' and 2 more too" in Wait("d", tuple("abcefgh"), None).to_json()["text"]
