"""Rounds of a loop: one child for each, also when a Task comes twice; what ends it; how many there may be."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NodeError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject
from engine.machine import MachineExecution
from engine.service.start_request import StartRequest
from nodes.loop_node import MAX_ROUNDS, LoopNode
from tests.unit.engine_bench import EngineBench, connect, node


def start(bench: EngineBench, **config: Any) -> str:
    child: JsonObject = {
        "name": "Child",
        "nodes": [node("x", "input"), node("say", "output", value="{{ x.output }}")],
        "connections": connect("x>say"),
    }
    child_id = bench.workflow_service.create(child)[0].workflow_id
    loop = node("again", "loop", workflow_id=child_id, version="draft", **config)
    head, _ = bench.workflow_service.create({"name": "Parent", "nodes": [loop]})
    return bench.execution_service.start(StartRequest(head.workflow_id))[0].execution_id


def end_round(bench: EngineBench, execution_id: str) -> None:
    """Run the child that the loop waits for."""
    child = bench.record(execution_id, "again").wake
    assert child is not None
    bench.run(child, "say")
    now = bench.clock.now()
    bench.finisher.finish(child, MachineExecution(ExecutionStatus.SUCCEEDED, now, now))


def test_each_round_is_one_child_however_often_its_task_comes(bench: EngineBench) -> None:
    execution_id = start(bench, times=2, inputs={"x": "number {{ round.index }}"})
    keep = bench.executions.start_node
    for _ in range(2):
        bench.executions.start_node = lambda run: None  # type: ignore[method-assign]  # the record is lost
        for _ in range(2):
            bench.run(execution_id, "again")
        bench.executions.start_node = keep  # type: ignore[method-assign]
        bench.run(execution_id, "again")
        end_round(bench, execution_id)
    assert bench.run(execution_id, "again").output_name == "main"
    result = bench.record(execution_id, "again").result
    assert result is not None
    assert (result["output"], result["count"]) == ([{"say": "number 0"}, {"say": "number 1"}], 2)
    assert len(bench.executions.list_children(execution_id).items) == 2


def test_no_round_is_no_child(bench: EngineBench) -> None:
    execution_id = start(bench, times=0)
    assert bench.run(execution_id, "again").output_name == "main"
    assert bench.executions.list_children(execution_id).items == ()


@pytest.mark.parametrize("until", ["{{ round.last.say }}", "yes"])
def test_a_condition_is_true_or_false(bench: EngineBench, until: str) -> None:
    execution_id = start(bench, until=until, inputs={"x": "text"})
    bench.run(execution_id, "again")
    end_round(bench, execution_id)
    with pytest.raises(NodeError):
        bench.run(execution_id, "again")
    error = bench.record(execution_id, "again").error
    assert error is not None
    assert (error.field, "this is a str" in error.message) == ("config.until", True)


def test_more_rounds_than_a_history_holds_are_refused(bench: EngineBench) -> None:
    execution_id = start(bench, items=[1] * (MAX_ROUNDS + 1), times=MAX_ROUNDS)
    assert bench.run(execution_id, "again").pending
    execution_id = start(bench, items="{{ range(`0`, `1001`) }}")
    with pytest.raises(NodeError):
        bench.run(execution_id, "again")
    error = bench.record(execution_id, "again").error
    assert error is not None
    assert (error.field, "1,001 rounds" in error.message) == ("config.batch_size", True)


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({"times": 3}, 3),
        ({"items": [1, 2, 3], "batch_size": 2}, 2),
        ({"items": "{{ a.output }}"}, MAX_ROUNDS),
        ({"until": "{{ round.last.x }}", "times": "{{ a.output }}"}, MAX_ROUNDS),
    ],
)
def test_the_most_rounds_are_known_as_far_as_they_are_written_out(config: dict[str, Any], most: int) -> None:
    assert LoopNode.most_polls(config) == most
