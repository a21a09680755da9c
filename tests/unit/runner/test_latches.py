"""Nodes that arrive at the waits of others, however they end, and Tasks that wait for them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.errors import MiniN8nError, NodeError
from engine.node import NodeResult
from engine.runner import Runner
from engine.task import Task, TaskAnswer
from tests.unit.engine_bench import EngineBench, connect, node

TASK: dict[str, Any] = {"execution_id": "ex_1", "workflow_id": "wf_1", "version": 1}


def arrived(bench: EngineBench, execution_id: str) -> set[str]:
    """Who has arrived at the wait ``w``."""
    return set(bench.latches.register(execution_id, "w", frozenset("?"), "nobody's").arrived)


def fail(*_: object) -> NodeResult:
    raise NodeError("no")


def test_a_task_waits_until_all_have_arrived(bench: EngineBench) -> None:
    execution = bench.begin(node("a"), node("b"))
    assert bench.wait(execution, "w", ["a", "b"], "t1") == TaskAnswer()
    bench.run(execution, "a", arrives=("w", "other"))
    assert bench.machines.answered == {}
    bench.run(execution, "b", arrives=("w",))
    assert bench.machines.answered == {"t1": {}}
    bench.run(execution, "b", arrives=("w",))
    assert bench.machines.answered == {"t1": {}}


def test_who_waits_last_goes_on_at_once(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.run(execution, "a", arrives=("w",))
    bench.wait(execution, "w", ["a"], "t1")
    assert bench.machines.answered == {"t1": {}}


def test_a_node_that_is_skipped_arrives(bench: EngineBench) -> None:
    execution = bench.begin(node("f", "fork"), node("a"), connections=connect("f.left>a"))
    bench.scripts.run = lambda *_: NodeResult({"output": 1}, output_name="right")
    bench.run(execution, "f", fork="f")
    bench.run(execution, "a", arrives=("w",))
    assert bench.record(execution, "a").status.value == "skipped"
    assert arrived(bench, execution) == {"a"}


def test_a_failure_arrives_where_it_is_settled_and_not_before(bench: EngineBench) -> None:
    execution = bench.begin(node("a", on_error="continue"))
    bench.scripts.run = fail
    with pytest.raises(NodeError):
        bench.run(execution, "a", arrives=("w",))
    assert arrived(bench, execution) == set()
    bench.run(execution, "a", "settle", error_name="NodeError", arrives=("w",))
    assert arrived(bench, execution) == {"a"}


def test_what_stops_the_execution_never_arrives(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail
    for _ in range(2):
        with pytest.raises(NodeError):
            bench.run(execution, "a", arrives=("w",))
    assert arrived(bench, execution) == set()


def test_pending_work_arrives_when_it_is_done(bench: EngineBench) -> None:
    execution = bench.begin(node("a", "poll"))
    bench.scripts.run = lambda *_: NodeResult.pending(1, {})
    bench.scripts.poll = lambda *_: NodeResult({"output": 1})
    assert bench.run(execution, "a", arrives=("w",)).pending
    assert arrived(bench, execution) == set()
    bench.run(execution, "a", arrives=("w",))
    assert arrived(bench, execution) == {"a"}


def test_a_for_each_node_arrives_when_its_items_are_gathered(bench: EngineBench) -> None:
    execution = bench.begin(node("a", value="{{item}}", for_each={"items": [1, 2]}))
    bench.run(execution, "a", "expand")
    for item in (0, 1):
        bench.run(execution, "a", "item", item=item)
    assert arrived(bench, execution) == set()
    bench.run(execution, "a", "collect", arrives=("w",))
    assert arrived(bench, execution) == {"a"}


def test_a_function_that_keeps_no_waits_says_so(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.latches = None  # type: ignore[assignment] - as in a function without them
    bench.runner = bench.make_runner()
    assert isinstance(bench.runner, Runner)
    with pytest.raises(MiniN8nError, match="keeps no waits"):
        bench.wait(execution, "w", ["a"], "t1")


@pytest.mark.parametrize(
    "broken",
    [
        {"nodes": []},
        {"nodes": [], "step": "await", "latch": "w", "await": ["a"]},
        {"nodes": [], "step": "await", "latch": "w", "await": [], "token": "t"},
        {"nodes": ["a"], "step": "await", "latch": "w", "await": ["a"], "token": "t"},
    ],
)
def test_a_task_that_is_not_whole_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Task.model_validate(TASK | broken)
