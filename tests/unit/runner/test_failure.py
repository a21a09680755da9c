"""How a node fails: told in full to the record, tersely to the state machine; retried or settled."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import NodeError, NodeTimeoutError, RetryableNodeError, UnavailableError
from engine.execution import ErrorInfo, NodeStatus
from engine.node import NodeContext, NodeInputs, NodeResult
from engine.runner.failure import MAX_MESSAGE_CHARACTERS
from engine.task import TaskAnswer
from tests.unit.engine_bench import EngineBench, connect, node

TERSE = r"^node 'a' failed; its node run says why$"


def fail(error: BaseException) -> object:
    def script(*_: object) -> NodeResult:
        raise error

    return script


def test_a_node_error_ends_the_node_run_and_tells_the_machine_no_user_data(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(NodeError("the secret plan of user 7", field="config.value"))
    with pytest.raises(NodeError, match=TERSE) as caught:
        bench.run(execution, "a")
    assert type(caught.value) is NodeError
    run = bench.record(execution, "a")
    assert (run.status, run.output_name, run.attempts) == (NodeStatus.FAILED, None, 1)
    assert run.error == ErrorInfo(
        type="NodeError", message="the secret plan of user 7", node_id="a", field="config.value"
    )


def test_a_failure_is_answered_as_it_is_stored_without_running_again(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(NodeError("no"))
    for _ in range(3):
        with pytest.raises(NodeError, match=TERSE):
            bench.run(execution, "a")
    assert len(bench.scripts.calls) == 1


def test_a_retryable_error_leaves_the_node_run_open_for_the_next_attempt(bench: EngineBench) -> None:
    execution = bench.begin(node("a", value=1))
    bench.scripts.run = fail(RetryableNodeError("busy"))
    with pytest.raises(RetryableNodeError, match=TERSE):
        bench.run(execution, "a")
    run = bench.record(execution, "a")
    assert run.status is NodeStatus.RUNNING
    assert run.error == ErrorInfo(type="RetryableNodeError", message="busy", node_id="a", retryable=True)
    bench.scripts.run = lambda *_: NodeResult({"output": "done"})
    assert bench.run(execution, "a") == TaskAnswer(output_name="main")
    run = bench.record(execution, "a")
    assert (run.status, run.attempts, run.error, run.result) == (
        NodeStatus.SUCCEEDED,
        2,
        None,
        {"output": "done"},
    )
    assert [context.attempt for context in bench.scripts.calls] == [1, 2]
    assert len({context.idempotency_key for context in bench.scripts.calls}) == 1


def test_an_attempt_waits_as_long_as_the_other_side_asked(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(RetryableNodeError("busy", retry_after_seconds=20))
    with pytest.raises(RetryableNodeError):
        bench.run(execution, "a")
    bench.clock.advance(5)
    bench.scripts.run = lambda *_: NodeResult({"output": 1})
    bench.run(execution, "a")
    assert bench.clock.slept == [15.0]
    assert bench.record(execution, "a").not_before is None


def test_an_attempt_waits_a_minute_at_most(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(RetryableNodeError("busy", retry_after_seconds=86_400))
    with pytest.raises(RetryableNodeError):
        bench.run(execution, "a")
    bench.scripts.run = lambda *_: NodeResult({"output": 1})
    bench.run(execution, "a")
    assert bench.clock.slept == [60.0]


@pytest.mark.parametrize(
    "error", [ValueError("boom"), KeyError("k"), TimeoutError("slow socket"), ZeroDivisionError()]
)
def test_a_foreign_exception_is_a_failure_named_by_its_class(bench: EngineBench, error: Exception) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(error)
    with pytest.raises(NodeError, match=TERSE) as caught:
        bench.run(execution, "a")
    assert type(caught.value) is NodeError
    name = type(error).__name__
    assert bench.record(execution, "a").error == ErrorInfo(type=name, message=f"{name}: {error}", node_id="a")


def test_a_node_that_cancels_itself_fails_like_any_other(bench: EngineBench) -> None:
    async def cancel(*_: object) -> NodeResult:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
        return NodeResult({"output": None})

    execution = bench.begin(node("a"))
    bench.scripts.run = cancel
    with pytest.raises(NodeError, match=TERSE):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert error.type == "CancelledError"


def test_a_store_that_is_away_is_the_services_to_retry_and_leaves_the_node_run_open(
    bench: EngineBench,
) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(UnavailableError("the bucket is away"))
    with pytest.raises(UnavailableError):
        bench.run(execution, "a")
    assert bench.record(execution, "a").status is NodeStatus.RUNNING


async def sleep_long(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
    await asyncio.sleep(30)
    return NodeResult({"output": "late"})


def test_a_node_over_its_time_times_out_for_good(bench: EngineBench, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = bench.begin(node("a", timeout_seconds=1))
    bench.scripts.run = sleep_long
    with pytest.raises(NodeTimeoutError, match=TERSE):
        bench.run(execution, "a")
    run = bench.record(execution, "a")
    assert run.status is NodeStatus.TIMED_OUT
    assert run.error == ErrorInfo(
        type="NodeTimeoutError",
        message="the node took longer than its timeout of 1 s; raise timeout_seconds or do less",
        node_id="a",
        field="timeout_seconds",
    )
    with pytest.raises(NodeTimeoutError, match=TERSE):
        bench.run(execution, "a")
    assert len(bench.scripts.calls) == 1


def test_a_timeout_is_tried_again_where_the_document_asks_for_a_retry(bench: EngineBench) -> None:
    execution = bench.begin(node("a", timeout_seconds=1, retry={"max_attempts": 2}))
    bench.scripts.run = sleep_long
    with pytest.raises(NodeTimeoutError):
        bench.run(execution, "a")
    assert bench.record(execution, "a").status is NodeStatus.RUNNING
    bench.scripts.run = lambda *_: NodeResult({"output": "in time"})
    bench.run(execution, "a")
    assert bench.record(execution, "a").result == {"output": "in time"}


@pytest.mark.parametrize("on_error", ["continue", "output"])
def test_a_failure_that_the_workflow_goes_on_from_is_settled(bench: EngineBench, on_error: str) -> None:
    leaves = "main" if on_error == "continue" else "error"
    execution = bench.begin(
        node("a", on_error=on_error),
        node("b", value="{{a.error.message}}"),
        node("c"),
        connections=connect(f"a.{leaves}>b", *(["a>c"] if on_error == "output" else [])),
    )
    bench.scripts.run = fail(NodeError("no such thing"))
    with pytest.raises(NodeError, match=TERSE):
        bench.run(execution, "a")
    assert bench.record(execution, "a").status is NodeStatus.RUNNING
    assert bench.run(execution, "a", "settle", error_name="NodeError") == TaskAnswer(output_name=leaves)
    run = bench.record(execution, "a")
    error = {"type": "NodeError", "message": "no such thing", "node_id": "a", "retryable": False}
    assert (run.status, run.output_name, run.result) == (
        NodeStatus.FAILED,
        leaves,
        {"output": None, "error": error},
    )
    bench.scripts.run = lambda config, *_: NodeResult({"output": config["value"]})
    bench.run(execution, "b")
    assert bench.record(execution, "b").result == {"output": "no such thing"}
    if on_error == "output":
        bench.run(execution, "c")
        assert bench.record(execution, "c").status is NodeStatus.SKIPPED


def test_settling_twice_answers_the_same(bench: EngineBench) -> None:
    execution = bench.begin(node("a", on_error="continue"))
    bench.scripts.run = fail(NodeError("no"))
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    answers = [bench.run(execution, "a", "settle", error_name="NodeError") for _ in range(2)]
    assert answers == [TaskAnswer(output_name="main")] * 2


def test_a_function_that_died_is_settled_under_the_name_that_was_caught(bench: EngineBench) -> None:
    execution = bench.begin(node("a", on_error="continue"))
    bench.run(execution, "a", "settle", error_name="Sandbox.Timedout")
    error = bench.record(execution, "a").error
    assert error == ErrorInfo(
        type="Sandbox.Timedout",
        message="the function that ran the node ended with Sandbox.Timedout",
        node_id="a",
    )


def test_a_success_that_the_machine_did_not_hear_of_is_settled_as_success(bench: EngineBench) -> None:
    """The function died between storing the result and answering, until no retry was left."""
    execution = bench.begin(node("a", on_error="output", value=1))
    bench.run(execution, "a")
    answer = bench.run(execution, "a", "settle", error_name="Lambda.Unknown")
    assert answer == TaskAnswer(output_name="main")
    assert bench.record(execution, "a").status is NodeStatus.SUCCEEDED


def test_a_long_message_is_cut(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(NodeError("x" * 10_000))
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert error.message == "x" * (MAX_MESSAGE_CHARACTERS - 1) + "…"


def test_a_message_with_lone_surrogates_is_spelled_out(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = fail(NodeError("bad \ud800 text"))
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert error.message == "bad \\ud800 text"
