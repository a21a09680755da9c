from __future__ import annotations

from typing import Any

import pytest

from engine.compiler import compile_workflow
from engine.compiler.simulation import Assumptions, simulate
from engine.json_value import JsonObject
from engine.workflow import Workflow
from tests.property.scripted_node import TARGETS, make_registry

REGISTRY = make_registry()


def compiled(nodes: list[dict[str, Any]], *links: str) -> JsonObject:
    """The definition of nodes and connections, each as ``source>target`` or ``source.output>target``."""
    connections = []
    for link in links:
        source, target = link.split(">")
        source, _, output = source.partition(".")
        connections.append({"source": source, "source_output": output or "main", "target": target})
    workflow = Workflow.model_validate({"name": "w", "nodes": nodes, "connections": connections})
    return compile_workflow(workflow, REGISTRY, targets=TARGETS).definition


def node(node_id: str, kind: str = "act", **more: Any) -> dict[str, Any]:
    return {"id": node_id, "type": kind, **more}


def task(nodes: list[str], following: str | None, **payload: Any) -> JsonObject:
    parameters = {"FunctionName": "f", "Payload": {"nodes": nodes, **payload}}
    return {
        "Type": "Task",
        "Parameters": parameters,
        **({"End": True} if following is None else {"Next": following}),
    }


def chain(*tasks: tuple[list[str], dict[str, Any]]) -> JsonObject:
    """A machine of Tasks one after another."""
    last = len(tasks) - 1
    states = {
        str(index): task(nodes, None if index == last else str(index + 1), **payload)
        for index, (nodes, payload) in enumerate(tasks)
    }
    return {"StartAt": "0", "States": states}


def beside(*branches: JsonObject) -> JsonObject:
    return {"StartAt": "all", "States": {"all": {"Type": "Parallel", "Branches": branches, "End": True}}}


def test_what_is_side_by_side_takes_as_long_as_the_longest() -> None:
    definition = compiled([node("a"), node("b"), node("c"), node("d")], "a>b", "a>c", "b>d", "c>d")
    found = simulate(definition, Assumptions({"a": 1, "b": 2, "c": 5, "d": 1}))
    assert found.spans == {"a": (0, 1), "b": (1, 3), "c": (1, 6), "d": (6, 7)}
    assert found.makespan == 7


def test_the_nodes_of_one_task_take_their_turns() -> None:
    definition = compiled([node("a"), node("light", "quick"), node("b")], "a>light", "light>b")
    found = simulate(definition, Assumptions({"a": 1, "light": 0.5, "b": 2}))
    assert found.spans == {"a": (0, 1), "light": (1, 1.5), "b": (1.5, 3.5)}
    assert simulate(definition, Assumptions({}, task_seconds=0.25)).makespan == 0.5


FORK = compiled(
    [node("pick", "branch"), node("left"), node("right"), node("end")],
    "pick.left>left",
    "pick.right>right",
    "left>end",
    "right>end",
)
FORK_SECONDS = {"pick": 1, "left": 2, "right": 5, "end": 1}


def test_of_several_ways_the_dearest_counts() -> None:
    found = simulate(FORK, Assumptions(FORK_SECONDS))
    assert found.spans["left"] == (1, 3)
    assert found.makespan == 7


def test_of_several_ways_the_one_that_is_taken_counts() -> None:
    found = simulate(FORK, Assumptions(FORK_SECONDS, left_by={"pick": "left"}))
    assert found.spans == {"pick": (0, 1), "left": (1, 3), "end": (3, 4)}


@pytest.mark.parametrize(("items", "seconds"), [(0, 2), (1, 5), (2, 5), (3, 8), (6, 11)])
def test_items_run_in_rounds_of_as_many_as_run_at_once(items: int, seconds: float) -> None:
    each = node("each", for_each={"items": [1], "max_concurrency": 2})
    definition = compiled([node("a"), each, node("b")], "a>each", "each>b")
    found = simulate(definition, Assumptions({"a": 1, "each": 3, "b": 1}, items={"each": items}))
    assert found.makespan == seconds
    assert found.spans["each"] == (1, seconds - 1)


def test_a_polled_node_takes_its_seconds_once() -> None:
    definition = compiled([node("video", "poll"), node("after")], "video>after")
    assert simulate(definition, Assumptions({"video": 30, "after": 1})).makespan == 31


def test_a_wait_takes_what_it_says() -> None:
    definition = {"StartAt": "rest", "States": {"rest": {"Type": "Wait", "Seconds": 4, "End": True}}}
    assert simulate(definition, Assumptions({})).makespan == 4


# a -> c, a and b -> d: the graph that no nesting of branches has.
LATCHED = beside(
    chain((["a"], {}), (["c"], {})),
    chain((["b"], {}), ([], {"await": ["a", "b"]}), (["d"], {})),
)


@pytest.mark.parametrize(
    ("a", "b", "starts"), [(3, 1, 3), (1, 3, 3)], ids=["waits for another branch", "has no need to wait"]
)
def test_a_latch_waits_for_those_that_it_names_and_no_others(a: float, b: float, starts: float) -> None:
    found = simulate(LATCHED, Assumptions({"a": a, "b": b, "c": 10, "d": 1}))
    assert found.spans["d"] == (starts, starts + 1)
    assert found.spans["c"][0] == a


def test_a_latch_waits_for_one_node_of_a_task_and_not_for_those_after_it() -> None:
    definition = beside(chain((["a", "light"], {})), chain(([], {"await": ["a"]}), (["b"], {})))
    assert simulate(definition, Assumptions({"a": 2, "light": 9, "b": 1})).spans["b"] == (2, 3)


def test_what_is_skipped_keeps_no_latch_waiting() -> None:
    latch = chain(([], {"await": ["right"]}), (["late"], {}))
    definition = beside(FORK, latch)
    found = simulate(definition, Assumptions(FORK_SECONDS, left_by={"pick": "left"}))
    assert found.spans["late"][0] == 1


def test_latches_that_wait_for_each_other_are_told() -> None:
    definition = beside(
        chain(([], {"await": ["b"]}), (["a"], {})), chain(([], {"await": ["a"]}), (["b"], {}))
    )
    with pytest.raises(ValueError, match="waits for nodes that never end: a, b"):
        simulate(definition, Assumptions({"a": 1, "b": 1}))
