"""Executions: start once, read and repair, cancel, wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import ConflictError, NodeError, NotFoundError, RequestError, UnavailableError
from engine.execution import ErrorInfo, ExecutionStatus, NodeStatus
from engine.ports import ExecutionFilter
from engine.service.overdue import OVERDUE_SECONDS
from engine.service.start_request import StartRequest
from tests.unit.engine_bench import EngineBench, connect, node


@pytest.fixture
def workflow_id(bench: EngineBench) -> str:
    nodes = [
        node("who", "input", name="who", required=True),
        node("times", "input", name="times", type="integer", default=1),
        node("note", "input", name="note"),
    ]
    return bench.workflow_service.create({"name": "Greeting", "nodes": nodes})[0].workflow_id


def start(bench: EngineBench, workflow_id: str, **more: Any) -> Any:
    return bench.execution_service.start(StartRequest(workflow_id, {"who": "me"}, **more))


# Start


def test_a_start_records_the_execution_and_starts_its_machine_with_names_alone(
    bench: EngineBench, workflow_id: str
) -> None:
    execution, created = start(bench, workflow_id, trigger="webhook")
    assert created
    assert bench.execution(execution.execution_id) == execution
    assert execution.inputs == {"who": "me", "times": 1, "note": None}
    assert (execution.status, execution.version, execution.trigger, execution.workflow_name) == (
        ExecutionStatus.RUNNING,
        1,
        "webhook",
        "Greeting",
    )
    (started,) = bench.machines.started
    assert started.task_input == {
        "execution_id": execution.execution_id,
        "workflow_id": workflow_id,
        "version": 1,
    }
    assert started.execution_arn == execution.execution_arn
    assert bench.metrics.total("ExecutionsStarted", trigger="webhook") == 1


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, [("who", "inputs.who")]),
        ({"who": 5}, [("who", "inputs.who")]),
        ({"who": "me", "times": "two"}, [("times", "inputs.times")]),
        ({"who": "me", "tims": 2}, [(None, "inputs.tims")]),
        ({"times": 1.5, "x": 1}, [("who", "inputs.who"), ("times", "inputs.times"), (None, "inputs.x")]),
    ],
)
def test_inputs_that_do_not_fit_are_refused_all_together(
    bench: EngineBench, workflow_id: str, inputs: dict[str, Any], told: list[tuple[str | None, str]]
) -> None:
    with pytest.raises(RequestError, match="do not fit") as caught:
        bench.execution_service.start(StartRequest(workflow_id, inputs))
    assert [(problem.node, problem.field) for problem in caught.value.problems] == told
    assert bench.machines.started == ()


def test_an_unknown_input_names_the_one_that_was_probably_meant(bench: EngineBench, workflow_id: str) -> None:
    with pytest.raises(RequestError) as caught:
        bench.execution_service.start(StartRequest(workflow_id, {"who": "me", "tims": 2}))
    (problem,) = caught.value.problems
    assert problem.message == "there is no input 'tims': did you mean 'times'?"


def test_large_inputs_lie_behind_a_claim(bench: EngineBench, workflow_id: str) -> None:
    request = StartRequest(workflow_id, {"who": "x" * 100_000})
    execution, _ = bench.execution_service.start(request)
    assert execution.inputs == {}
    assert execution.inputs_claim is not None
    bench.run(execution.execution_id, "who")
    claim = bench.record(execution.execution_id, "who").claim
    assert claim is not None
    assert bench.values.load(None, claim)["output"] == "x" * 100_000


def test_inputs_that_are_no_json_are_the_requests_fault(bench: EngineBench) -> None:
    nodes = [node("a", "input", name="a", type="number")]
    head, _ = bench.workflow_service.create({"name": "N", "nodes": nodes})
    with pytest.raises(RequestError):
        bench.execution_service.start(StartRequest(head.workflow_id, {"a": float("inf")}))
    assert bench.machines.started == ()


def test_an_unknown_workflow_is_not_found(bench: EngineBench) -> None:
    with pytest.raises(NotFoundError):
        start(bench, "wf_none")


# Idempotency


def test_the_same_key_starts_one_execution(bench: EngineBench, workflow_id: str) -> None:
    first, created = start(bench, workflow_id, idempotency_key="k")
    again, repeated = start(bench, workflow_id, idempotency_key="k")
    assert (created, repeated) == (True, False)
    assert again == first
    other, _ = start(bench, workflow_id, idempotency_key="l")
    assert other.execution_id != first.execution_id
    assert len(bench.machines.started) == 2


def test_a_key_is_remembered_for_a_day(bench: EngineBench, workflow_id: str) -> None:
    first, _ = start(bench, workflow_id, idempotency_key="k")
    bench.clock.advance(24 * 3600)
    again, created = start(bench, workflow_id, idempotency_key="k")
    assert created
    assert again.execution_id != first.execution_id


def test_a_key_that_was_used_for_another_request_is_refused(bench: EngineBench, workflow_id: str) -> None:
    start(bench, workflow_id, idempotency_key="k")
    with pytest.raises(RequestError, match="used for another request"):
        start(bench, workflow_id, idempotency_key="k", bypass_cache=True)


def test_keys_of_two_workflows_do_not_meet(bench: EngineBench, workflow_id: str) -> None:
    other = bench.workflow_service.create({"name": "Other", "nodes": [node("who", "input", name="who")]})[0]
    start(bench, workflow_id, idempotency_key="k")
    assert start(bench, other.workflow_id, idempotency_key="k")[1]


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_empty_or_too_long_is_refused(bench: EngineBench, workflow_id: str, key: str) -> None:
    with pytest.raises(RequestError, match="1 to 255 characters"):
        start(bench, workflow_id, idempotency_key=key)


def test_the_same_key_from_many_at_once_starts_one_execution(bench: EngineBench, workflow_id: str) -> None:
    barrier = threading.Barrier(10)

    def ask(_: int) -> tuple[str, bool]:
        barrier.wait(5)
        execution, created = start(bench, workflow_id, idempotency_key="k")
        return execution.execution_id, created

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
    assert len({execution_id for execution_id, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1
    assert len(bench.machines.started) == 1


# Starts that are lost


def away(*_: object) -> Any:
    raise UnavailableError("Step Functions is throttled")


def test_a_start_that_fails_ends_the_execution_with_the_reason(
    bench: EngineBench, workflow_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.machines, "start", away)
    with pytest.raises(UnavailableError, match="could not be started; start it again"):
        start(bench, workflow_id)
    (execution,) = bench.execution_service.list_executions(ExecutionFilter(), 10, None).items
    assert execution.status is ExecutionStatus.FAILED
    assert execution.error == ErrorInfo(
        type="UnavailableError", message="the execution was not started: Step Functions is throttled"
    )


def test_a_lost_start_with_a_key_is_made_good_by_the_same_request(
    bench: EngineBench, workflow_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bench.machines, "start", away)
        with pytest.raises(UnavailableError, match="send the same request again"):
            start(bench, workflow_id, idempotency_key="k")
    execution, created = start(bench, workflow_id, idempotency_key="k")
    assert not created
    assert execution.status is ExecutionStatus.RUNNING
    (started,) = bench.machines.started
    assert started.execution_id == execution.execution_id


def test_a_start_that_cannot_be_noted_is_a_start(
    bench: EngineBench, workflow_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bench.executions, "set_execution_arn", away)
        execution, created = start(bench, workflow_id)
    assert created
    assert execution.execution_arn == bench.machines.started[0].execution_arn
    assert bench.execution_service.cancel(execution.execution_id).status is ExecutionStatus.ABORTED


def test_a_machine_version_that_is_gone_ends_the_execution(bench: EngineBench, workflow_id: str) -> None:
    _, version = bench.workflow_service.get(workflow_id)
    bench.machines.discard(version.state_machine_version_arn)
    with pytest.raises(UnavailableError):
        start(bench, workflow_id)
    (execution,) = bench.execution_service.list_executions(ExecutionFilter(), 10, None).items
    assert execution.status is ExecutionStatus.FAILED


def test_an_execution_whose_machine_never_started_is_ended_when_it_is_read(
    bench: EngineBench, workflow_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the record and the start."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bench.machines, "start", die)
        with pytest.raises(KeyboardInterrupt):
            start(bench, workflow_id)
    (execution,) = bench.execution_service.list_executions(ExecutionFilter(), 10, None).items
    assert bench.execution_service.get(execution.execution_id).status is ExecutionStatus.RUNNING
    bench.clock.advance(OVERDUE_SECONDS)
    found = bench.execution_service.get(execution.execution_id)
    assert (found.status, found.error) == (
        ExecutionStatus.FAILED,
        ErrorInfo(type="ExecutionLost", message="Step Functions does not know it"),
    )
    assert bench.record(execution.execution_id, "who").status is NodeStatus.SUCCEEDED


# Reading and repair


def test_an_execution_is_found_under_its_own_workflow_alone(bench: EngineBench, workflow_id: str) -> None:
    execution, _ = start(bench, workflow_id)
    assert bench.execution_service.get(execution.execution_id, workflow_id) == execution
    with pytest.raises(NotFoundError):
        bench.execution_service.get(execution.execution_id, "wf_other")
    with pytest.raises(NotFoundError):
        bench.execution_service.get("ex_none")


def test_an_execution_over_its_time_is_asked_after(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"), document={"settings": {"timeout_seconds": 60}})
    (started,) = bench.machines.started
    bench.machines.end(started.execution_arn, ExecutionStatus.TIMED_OUT, error="States.Timeout")
    bench.clock.advance(60 + OVERDUE_SECONDS - 1)
    assert bench.execution_service.get(execution_id).status is ExecutionStatus.RUNNING
    bench.clock.advance(2)
    found = bench.execution_service.get(execution_id)
    assert found.status is ExecutionStatus.TIMED_OUT
    assert found.ended_at == started.machine_execution.started_at
    assert bench.metrics.total("ExecutionsRepaired") == 1


def test_an_overdue_execution_that_still_runs_stays_running(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"), document={"settings": {"timeout_seconds": 60}})
    bench.clock.advance(1_000)
    assert bench.execution_service.get(execution_id).status is ExecutionStatus.RUNNING


def test_an_execution_whose_nodes_have_all_ended_is_asked_after(bench: EngineBench) -> None:
    """The event was lost: nothing would ever end it but its timeout."""
    execution_id = bench.begin(
        node("a", value=1), node("out", "output", value="{{a.output}}"), connections=connect("a>out")
    )
    for node_id in ("a", "out"):
        bench.run(execution_id, node_id)
    bench.machines.end(bench.machines.started[0].execution_arn, ExecutionStatus.SUCCEEDED)
    assert bench.execution_service.get(execution_id).status is ExecutionStatus.RUNNING
    bench.clock.advance(OVERDUE_SECONDS + 1)
    found = bench.execution_service.get(execution_id)
    assert (found.status, found.output) == (ExecutionStatus.SUCCEEDED, {"out": 1})


def test_an_execution_with_a_failed_node_is_asked_after(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"), node("b"), connections=connect("a>b"))

    def fail(*_: object) -> Any:
        raise NodeError("no")

    bench.scripts.run = fail
    with pytest.raises(NodeError):
        bench.run(execution_id, "a")
    bench.machines.end(bench.machines.started[0].execution_arn, ExecutionStatus.FAILED, error="NodeError")
    bench.clock.advance(OVERDUE_SECONDS + 1)
    assert bench.execution_service.get(execution_id).status is ExecutionStatus.FAILED


def test_an_execution_that_works_is_not_asked_after(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = bench.begin(node("a"), node("b"), connections=connect("a>b"))
    bench.run(execution_id, "a")
    bench.clock.advance(OVERDUE_SECONDS * 10)
    monkeypatch.setattr(bench.machines, "describe", away)
    assert bench.execution_service.get(execution_id).status is ExecutionStatus.RUNNING


# Cancel and wait


def test_cancel_stops_the_machine_and_closes_every_node_run(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"), node("b"), connections=connect("a>b"))
    bench.run(execution_id, "a")
    found = bench.execution_service.cancel(execution_id)
    assert (found.status, found.error) == (
        ExecutionStatus.ABORTED,
        ErrorInfo(type="Cancelled", message="the execution was cancelled"),
    )
    assert bench.record(execution_id, "a").status is NodeStatus.SUCCEEDED
    assert bench.record(execution_id, "b").status is NodeStatus.ABORTED
    with pytest.raises(ConflictError, match="has ended already: aborted"):
        bench.execution_service.cancel(execution_id)


def test_cancelling_what_has_succeeded_meanwhile_keeps_the_success(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a", value=1))
    bench.run(execution_id, "a")
    bench.machines.end(bench.machines.started[0].execution_arn, ExecutionStatus.SUCCEEDED)
    assert bench.execution_service.cancel(execution_id).status is ExecutionStatus.SUCCEEDED


def test_cancelling_what_never_started_ends_it(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"))
    bench.machines._started.clear()
    assert bench.execution_service.cancel(execution_id).status is ExecutionStatus.FAILED


def test_waiting_ends_with_the_execution_or_with_the_time(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"))
    before = bench.clock.now()
    assert bench.execution_service.wait(execution_id, 2).status is ExecutionStatus.RUNNING
    assert 2 <= (bench.clock.now() - before).total_seconds() < 3
    bench.executions.finish(execution_id, ExecutionStatus.SUCCEEDED, bench.clock.now())
    bench.clock.slept.clear()
    assert bench.execution_service.wait(execution_id, 25).status is ExecutionStatus.SUCCEEDED
    assert bench.clock.slept == []
