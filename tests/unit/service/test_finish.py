"""How executions end: outputs, the node to blame, every node run decided, once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import ExecutionEndedError, NodeError, NotFoundError, RetryableNodeError
from engine.execution import ErrorInfo, ExecutionStatus, NodeStatus
from engine.machine import MachineExecution
from engine.node import NodeResult
from tests.unit.engine_bench import EngineBench, connect, node


def end(bench: EngineBench, status: str = "succeeded", **more: Any) -> MachineExecution:
    return MachineExecution(ExecutionStatus(status), bench.clock.now(), bench.clock.now(), **more)


def failed(bench: EngineBench, node_id: str, error: str = "NodeError") -> MachineExecution:
    """What Step Functions says when a Task's function raised."""
    told = {"errorMessage": f"node '{node_id}' failed; its node run says why", "errorType": error}
    return end(bench, "failed", error=error, cause=json.dumps(told))


def fail_with(bench: EngineBench, error: Exception) -> None:
    def script(*_: object) -> NodeResult:
        raise error

    bench.scripts.run = script


def run_failing(bench: EngineBench, execution_id: str, node_id: str, error: Exception, **more: Any) -> None:
    script = bench.scripts.run
    fail_with(bench, error)
    with pytest.raises(NodeError):
        bench.run(execution_id, node_id, **more)
    bench.scripts.run = script


def test_who_logs_is_told_which_execution_it_is(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a", value=1))
    told: list[str] = []
    finisher = replace(bench.finisher, observe=lambda execution: told.append(execution.execution_id))
    finisher.finish(execution_id, end(bench))
    with pytest.raises(NotFoundError):
        finisher.finish("ex_none", end(bench))
    assert told == [execution_id]


def test_the_output_is_that_of_the_output_nodes_by_name(bench: EngineBench) -> None:
    execution_id = bench.begin(
        node("a", value=[1]),
        node("post", "output", value="{{a.output}}"),
        node("other", "output", name="summary", value="{{length(a.output)}}"),
        connections=connect("a>post", "a>other"),
    )
    for node_id in ("a", "post", "other"):
        bench.run(execution_id, node_id)
    assert bench.finisher.finish(execution_id, end(bench))
    found = bench.execution(execution_id)
    assert (found.status, found.output, found.error) == (
        ExecutionStatus.SUCCEEDED,
        {"post": [1], "summary": 1},
        None,
    )
    assert bench.metrics.total("Executions", status="succeeded") == 1
    assert bench.metrics.total("ExecutionErrors") == 0


def test_without_output_nodes_it_is_that_of_the_last_nodes_that_ran(bench: EngineBench) -> None:
    execution_id = bench.begin(
        node("fork", "fork"),
        node("left", value="l"),
        node("right", value="r"),
        connections=connect("fork.left>left", "fork.right>right"),
    )
    script = bench.scripts.run
    bench.scripts.run = lambda *_: NodeResult({"output": None}, "left")
    bench.run(execution_id, "fork")
    bench.scripts.run = script
    for node_id in ("left", "right"):
        bench.run(execution_id, node_id)
    bench.finisher.finish(execution_id, end(bench))
    assert bench.execution(execution_id).output == {"left": "l"}


def test_a_large_output_lies_behind_a_claim(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"))
    bench.scripts.run = lambda *_: NodeResult({"output": "x" * 100_000})
    bench.run(execution_id, "a")
    bench.finisher.finish(execution_id, end(bench))
    found = bench.execution(execution_id)
    assert found.output is None
    assert bench.values.load(None, found.output_claim) == {"a": "x" * 100_000}


def test_outputs_that_are_too_large_together_end_the_execution_with_that_error(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = bench.begin(node("a", value="x" * 60_000), node("b", value="x" * 60_000))
    for node_id in "ab":
        bench.run(execution_id, node_id)
    monkeypatch.setattr("engine.values.MAX_VALUE_BYTES", 100_000)
    assert bench.finisher.finish(execution_id, end(bench))
    found = bench.execution(execution_id)
    assert found.status is ExecutionStatus.FAILED
    assert found.error is not None
    assert found.error.type == "OutputTooLarge"


def test_a_machine_that_still_runs_ends_nothing(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"))
    running = MachineExecution(ExecutionStatus.RUNNING, bench.clock.now())
    assert not bench.finisher.finish(execution_id, running)
    assert bench.execution(execution_id).status is ExecutionStatus.RUNNING


def test_an_execution_ends_once(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a", value=1))
    bench.run(execution_id, "a")
    assert bench.finisher.finish(execution_id, end(bench))
    before = bench.execution(execution_id)
    bench.clock.advance(10)
    assert not bench.finisher.finish(execution_id, end(bench, "failed", error="late"))
    assert not bench.finisher.finish(execution_id, end(bench))
    assert bench.execution(execution_id) == before
    assert bench.record(execution_id, "a").status is NodeStatus.SUCCEEDED


def test_an_execution_of_somebody_else_is_not_found(bench: EngineBench) -> None:
    with pytest.raises(NotFoundError):
        bench.finisher.finish("ex_none", end(bench))


def test_the_node_that_the_cause_names_is_to_blame(bench: EngineBench) -> None:
    """``a`` failed before, and would have been tried again, when ``b`` ended the execution."""
    execution_id = bench.begin(node("a"), node("b"), node("c"))
    run_failing(bench, execution_id, "a", RetryableNodeError("busy"))
    bench.clock.advance(1)
    run_failing(bench, execution_id, "b", RetryableNodeError("spent"))
    bench.finisher.finish(execution_id, failed(bench, "b", "RetryableNodeError"))
    error = ErrorInfo(type="RetryableNodeError", message="spent", node_id="b", retryable=True)
    assert bench.execution(execution_id).error == error
    runs = {node_id: bench.record(execution_id, node_id) for node_id in "abc"}
    assert {node_id: run.status for node_id, run in runs.items()} == {
        "a": NodeStatus.ABORTED,
        "b": NodeStatus.FAILED,
        "c": NodeStatus.ABORTED,
    }
    assert bench.metrics.total("ExecutionErrors") == 1
    assert runs["b"].error == error
    assert runs["b"].ended_at == bench.clock.now()
    assert runs["c"].error is None


def test_a_function_that_failed_is_quoted_without_its_traceback(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"))
    told = {
        "errorMessage": "it is all wrong",
        "errorType": "KeyError",
        "stackTrace": ["/var/task/engine/x.py"],
    }
    bench.finisher.finish(execution_id, end(bench, "failed", error="KeyError", cause=json.dumps(told)))
    error = bench.execution(execution_id).error
    assert error is not None
    assert (error.type, error.message) == ("KeyError", "it is all wrong")


def test_without_a_name_the_node_that_failed_first_is_to_blame(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"), node("b"), node("c"))
    run_failing(bench, execution_id, "c", RetryableNodeError("open"))
    for node_id in ("b", "a"):
        bench.clock.advance(1)
        run_failing(bench, execution_id, node_id, NodeError(f"{node_id} is bad"))
    bench.finisher.finish(execution_id, end(bench, "failed", error="States.Runtime", cause="?"))
    error = bench.execution(execution_id).error
    assert error is not None
    assert error.message == "b is bad"


def test_a_timeout_whose_retries_are_spent_is_a_node_run_that_timed_out(bench: EngineBench) -> None:
    import asyncio

    execution_id = bench.begin(node("a", timeout_seconds=1, retry={"max_attempts": 2}))
    bench.scripts.run = lambda *_: asyncio.sleep(5)
    with pytest.raises(NodeError):
        bench.run(execution_id, "a")
    bench.finisher.finish(execution_id, failed(bench, "a", "NodeTimeoutError"))
    assert bench.record(execution_id, "a").status is NodeStatus.TIMED_OUT


def test_a_failed_item_is_told_as_the_error_of_its_node(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a", for_each=[1, 2, 3]), node("b"), connections=connect("a>b"))
    bench.run(execution_id, "a", "expand")
    bench.run(execution_id, "a", "item", item=0)
    run_failing(bench, execution_id, "a", NodeError("two is bad"), step="item", item=1)
    bench.executions.start_node(
        bench.record(execution_id, "a", 1).model_copy(
            update={"item": 2, "status": NodeStatus.RUNNING, "error": None}
        )
    )
    bench.finisher.finish(execution_id, failed(bench, "a"))
    error = ErrorInfo(type="NodeError", message="item 1: two is bad", node_id="a")
    assert bench.execution(execution_id).error == error
    run = bench.record(execution_id, "a")
    assert (run.status, run.error, run.items) == (NodeStatus.FAILED, error, None)
    items = [bench.record(execution_id, "a", index).status for index in range(3)]
    assert items == [NodeStatus.SUCCEEDED, NodeStatus.FAILED, NodeStatus.ABORTED]


def test_a_failure_without_any_record_is_told_as_step_functions_told_it(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"))
    bench.finisher.finish(
        execution_id, end(bench, "failed", error="Lambda.Unknown", cause="the function died")
    )
    assert bench.execution(execution_id).error == ErrorInfo(
        type="Lambda.Unknown", message="the function died"
    )


@pytest.mark.parametrize(
    ("status", "more", "error"),
    [
        (
            "timed_out",
            {},
            ErrorInfo(
                type="Execution.timed_out",
                message="the execution took longer than settings.timeout_seconds",
            ),
        ),
        ("aborted", {}, ErrorInfo(type="Execution.aborted", message="the execution was cancelled")),
        (
            "aborted",
            {"error": "Cancelled", "cause": "by hand"},
            ErrorInfo(type="Cancelled", message="by hand"),
        ),
        ("failed", {}, ErrorInfo(type="Execution.failed", message="the state machine failed")),
    ],
)
def test_an_end_that_no_node_is_to_blame_for_says_why(
    bench: EngineBench, status: str, more: dict[str, str], error: ErrorInfo
) -> None:
    execution_id = bench.begin(node("a"), node("b"))
    run_failing(bench, execution_id, "a", RetryableNodeError("busy"))
    if status != "failed":
        bench.finisher.finish(execution_id, end(bench, status, **more))
        assert bench.record(execution_id, "a").status is NodeStatus.ABORTED
        assert bench.execution(execution_id).error == error
    else:
        other = bench.begin(node("a"))
        bench.finisher.finish(other, end(bench, status, **more))
        assert bench.execution(other).error == error


def test_who_sees_the_end_sees_no_node_run_open(bench: EngineBench, monkeypatch: pytest.MonkeyPatch) -> None:
    execution_id = bench.begin(node("a"), node("b"))
    finish, seen = bench.executions.finish, []

    def look_and_finish(*given: Any, **more: Any) -> bool:
        seen.extend(bench.record(execution_id, node_id).status for node_id in "ab")
        return finish(*given, **more)

    monkeypatch.setattr(bench.executions, "finish", look_and_finish)
    assert bench.finisher.finish(execution_id, end(bench, "aborted"))
    assert seen == [NodeStatus.ABORTED] * 2


def test_an_end_that_was_half_told_is_told_again(bench: EngineBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever told it died between the node runs and the execution."""
    execution_id = bench.begin(node("a"))
    run_failing(bench, execution_id, "a", RetryableNodeError("spent"))

    def die(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bench.executions, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            bench.finisher.finish(execution_id, failed(bench, "a"))
    assert bench.finisher.finish(execution_id, failed(bench, "a"))
    found = bench.execution(execution_id)
    assert found.error is not None
    assert (found.status, found.error.message) == (ExecutionStatus.FAILED, "spent")


def test_nodes_of_an_execution_that_is_known_to_have_ended_are_closed(bench: EngineBench) -> None:
    """Its start failed, and yet the machine had started."""
    execution_id = bench.begin(node("a"), node("b"))
    bench.executions.finish(execution_id, ExecutionStatus.ABORTED, bench.clock.now())
    assert not bench.finisher.finish(execution_id, end(bench, "aborted"))
    assert [bench.record(execution_id, n).status for n in "ab"] == [NodeStatus.ABORTED] * 2


def test_late_writes_of_nodes_and_items_are_refused(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a", for_each=[1]), node("b"))
    bench.run(execution_id, "a", "expand")
    item = bench.record(execution_id, "a").model_copy(update={"item": 0, "items": None, "item_count": None})
    bench.executions.start_node(item)
    bench.finisher.finish(execution_id, end(bench, "aborted"))
    late = item.model_copy(update={"status": NodeStatus.SUCCEEDED, "result": {"output": "late"}})
    stored = bench.executions.finish_node(late)
    assert stored is not None
    assert stored.status is NodeStatus.ABORTED
    for node_id, step in (("b", "run"), ("a", "expand"), ("a", "collect"), ("b", "settle")):
        with pytest.raises(ExecutionEndedError):
            bench.run(execution_id, node_id, step)  # type: ignore[arg-type]


def test_an_item_that_starts_after_its_node_was_closed_is_refused(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = bench.begin(node("a", for_each=[1]))
    bench.run(execution_id, "a", "expand")
    with monkeypatch.context() as patch:
        patch.setattr(bench.executions, "finish", lambda *_, **__: False)
        bench.finisher.finish(execution_id, end(bench, "aborted"))
    assert bench.execution(execution_id).status is ExecutionStatus.RUNNING
    with pytest.raises(ExecutionEndedError, match="came after its node had ended"):
        bench.run(execution_id, "a", "item", item=0)
