"""Executions of express machines: nobody can ask after them, and they may run twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import ConflictError, ExecutionEndedError, NodeError, UnavailableError
from engine.execution import ExecutionStatus, NodeStatus, Selection
from engine.ports import ExecutionFilter
from engine.service.express import told_end
from engine.service.overdue import OVERDUE_SECONDS
from engine.service.start_request import StartRequest
from engine.task import FinishTask
from tests.unit.engine_bench import EngineBench, connect, node

EXPRESS = {"settings": {"mode": "express", "timeout_seconds": 60}}


def begin(bench: EngineBench, *nodes: dict[str, Any], **more: Any) -> str:
    return bench.begin(*nodes, document=EXPRESS, **more)


def tell_end(bench: EngineBench, execution_id: str, error: dict[str, str] | None = None) -> bool:
    """What the machine's last Task does."""
    execution = bench.execution(execution_id)
    task = FinishTask.model_validate(
        {
            "execution_id": execution_id,
            "workflow_id": execution.workflow_id,
            "version": 1,
            "nodes": [],
            "step": "finish",
            **({"error": error} if error else {}),
        }
    )
    return bench.finisher.finish(execution_id, told_end(task, bench.clock.now()))


def fail(*_: object) -> Any:
    raise NodeError("no")


def test_an_express_version_has_a_machine_of_its_own(bench: EngineBench) -> None:
    begun = bench.execution(begin(bench, node("a")))
    assert (begun.mode, begun.timeout_seconds) == ("express", 60)
    assert (begun.state_machine_version_arn or "").rpartition(":")[0].endswith("-express")
    assert begun.execution_arn is not None
    assert ":express:" in begun.execution_arn


def test_changing_the_mode_changes_the_machine_and_old_versions_keep_theirs(bench: EngineBench) -> None:
    document = {"name": "Mode", "nodes": [node("a")]}
    head, first = bench.workflow_service.create(document)
    _, second = bench.workflow_service.update(head.workflow_id, document | EXPRESS, None)
    _, third = bench.workflow_service.update(head.workflow_id, document, None)
    assert [version.mode for version in (first, second, third)] == ["standard", "express", "standard"]
    assert first.state_machine_version_arn == third.state_machine_version_arn
    for version in (1, 2):
        request = StartRequest(head.workflow_id, version=version)
        assert bench.execution_service.start(request)[0].mode == (first, second)[version - 1].mode
    for execution in bench.execution_service.list_executions(ExecutionFilter(), 10, None).items:
        bench.execution_service.cancel(execution.execution_id)
    bench.workflow_service.delete(head.workflow_id, None)
    for version in (first, second):
        with pytest.raises(Exception, match="no state machine version"):
            bench.machines.definition(version.state_machine_version_arn)


def test_the_machine_tells_its_end_itself(bench: EngineBench) -> None:
    execution_id = begin(
        bench, node("a", value=1), node("out", "output", value="{{a.output}}"), connections=connect("a>out")
    )
    for node_id in ("a", "out"):
        bench.run(execution_id, node_id)
    assert tell_end(bench, execution_id)
    assert not tell_end(bench, execution_id)
    ended = bench.execution(execution_id)
    assert (ended.status, ended.output) == (ExecutionStatus.SUCCEEDED, {"out": 1})


def test_what_the_catch_saw_names_the_node_and_closes_the_others(bench: EngineBench) -> None:
    bench.scripts.run = fail
    execution_id = begin(bench, node("a"), node("b"), connections=connect("a>b"))
    with pytest.raises(NodeError):
        bench.run(execution_id, "a")
    assert tell_end(bench, execution_id, {"Error": "NodeError", "Cause": "node 'a' failed"})
    ended = bench.execution(execution_id)
    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None
    assert (ended.error.node_id, ended.error.message) == ("a", "no")
    assert bench.record(execution_id, "b").status is NodeStatus.ABORTED


def test_a_catch_without_a_cause_is_heard(bench: EngineBench) -> None:
    execution_id = begin(bench, node("a"))
    assert tell_end(bench, execution_id, {"Error": "States.Runtime"})
    error = bench.execution(execution_id).error
    assert error is not None
    assert error.type == "States.Runtime"


def test_cancelling_ends_the_record_and_the_next_task_is_refused(bench: EngineBench) -> None:
    execution_id = begin(bench, node("a"), node("b"), connections=connect("a>b"))
    bench.run(execution_id, "a")
    cancelled = bench.execution_service.cancel(execution_id)
    assert (cancelled.status, cancelled.error and cancelled.error.type) == (
        ExecutionStatus.ABORTED,
        "Cancelled",
    )
    with pytest.raises(ExecutionEndedError):
        bench.run(execution_id, "b")
    # The machine hears of it, and what it tells then changes nothing.
    assert not tell_end(bench, execution_id, {"Error": "ExecutionEndedError", "Cause": ""})
    assert bench.execution(execution_id) == cancelled
    with pytest.raises(ConflictError):
        bench.execution_service.cancel(execution_id)


def test_a_machine_that_ran_out_of_time_is_found_by_time(bench: EngineBench) -> None:
    execution_id = begin(bench, node("a"), node("b"), connections=connect("a>b"))
    bench.clock.advance(1)
    bench.run(execution_id, "a")
    bench.clock.advance(59 + OVERDUE_SECONDS - 1)
    assert bench.execution_service.get(execution_id).status is ExecutionStatus.RUNNING
    bench.clock.advance(2)
    found = bench.execution_service.get(execution_id)
    assert found.status is ExecutionStatus.TIMED_OUT
    assert found.ended_at is not None
    assert (found.ended_at - found.started_at).total_seconds() == 60
    assert bench.record(execution_id, "b").status is NodeStatus.ABORTED
    with pytest.raises(ExecutionEndedError):
        bench.run(execution_id, "b")


def test_what_did_all_of_its_work_has_succeeded_though_nobody_said_so(bench: EngineBench) -> None:
    execution_id = begin(
        bench, node("a", value=1), node("out", "output", value="{{a.output}}"), connections=connect("a>out")
    )
    bench.clock.advance(1)
    for node_id in ("a", "out"):
        bench.run(execution_id, node_id)
    bench.clock.advance(OVERDUE_SECONDS + 1)
    found = bench.execution_service.get(execution_id)
    assert (found.status, found.output) == (ExecutionStatus.SUCCEEDED, {"out": 1})
    assert bench.metrics.total("ExecutionsRepaired") == 1


def test_what_failed_for_good_has_failed_though_nobody_said_so(bench: EngineBench) -> None:
    bench.scripts.run = fail
    execution_id = begin(bench, node("a"), node("b"), connections=connect("a>b"))
    with pytest.raises(NodeError):
        bench.run(execution_id, "a")
    bench.clock.advance(OVERDUE_SECONDS + 1)
    found = bench.execution_service.get(execution_id)
    assert found.status is ExecutionStatus.FAILED
    assert found.error is not None
    assert found.error.node_id == "a"


def test_what_never_ran_is_lost_and_not_late(bench: EngineBench) -> None:
    execution_id = begin(bench, node("who", "input", name="who"), node("a"), connections=connect("who>a"))
    bench.clock.advance(60 + OVERDUE_SECONDS + 1)
    found = bench.execution_service.get(execution_id)
    assert (found.status, found.error and found.error.type) == (ExecutionStatus.FAILED, "ExecutionLost")


# Waiting for the end


def on_start(bench: EngineBench, act: Callable[[str], None]) -> None:
    bench.machines.on_start = lambda started: act(started.execution_id)


def save(bench: EngineBench, **settings: Any) -> str:
    document = {"name": "Quick", "nodes": [node("a", value=1)], "settings": {"mode": "express", **settings}}
    return bench.workflow_service.create(document)[0].workflow_id


def test_who_waits_long_enough_gets_the_end_with_the_start(bench: EngineBench) -> None:
    def run(execution_id: str) -> None:
        bench.run(execution_id, "a")
        tell_end(bench, execution_id)

    on_start(bench, run)
    ended, created = bench.execution_service.start(
        StartRequest(save(bench, timeout_seconds=20), wait_seconds=20)
    )
    assert (created, ended.status, ended.output) == (True, ExecutionStatus.SUCCEEDED, {"a": 1})
    assert ended.execution_arn == bench.machines.started[0].execution_arn


def test_a_machine_that_ran_out_of_time_while_someone_waited_is_known_at_once(bench: EngineBench) -> None:
    request = StartRequest(save(bench, timeout_seconds=20), wait_seconds=25)
    ended, _ = bench.execution_service.start(request)
    assert ended.status is ExecutionStatus.TIMED_OUT
    assert bench.record(ended.execution_id, "a").status is NodeStatus.ABORTED


@pytest.mark.parametrize(
    "more", [{"wait_seconds": 19.9}, {"wait_seconds": 0}, {"wait_seconds": 25, "idempotency_key": "once"}]
)
def test_nobody_is_bound_to_what_may_outlast_the_request_or_be_asked_for_again(
    bench: EngineBench, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Any:
        raise AssertionError("it is waited for")

    monkeypatch.setattr(bench.machines, "run_express", refuse)
    started, _ = bench.execution_service.start(StartRequest(save(bench, timeout_seconds=20), **more))
    assert started.status is ExecutionStatus.RUNNING


def test_a_machine_that_cannot_be_run_ends_its_execution(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Any:
        raise UnavailableError("Step Functions is away")

    monkeypatch.setattr(bench.machines, "run_express", away)
    with pytest.raises(UnavailableError, match="start it again"):
        bench.execution_service.start(StartRequest(save(bench, timeout_seconds=20), wait_seconds=25))
    (execution,) = bench.execution_service.list_executions(ExecutionFilter(), 10, None).items
    assert execution.status is ExecutionStatus.FAILED


# At least once


def test_a_start_that_nobody_noted_is_not_repeated_once_it_runs(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_id = save(bench)

    def away(*_: object) -> None:
        raise UnavailableError("the table is away")

    request = StartRequest(workflow_id, idempotency_key="once")
    with monkeypatch.context() as patch:
        patch.setattr(bench.executions, "set_execution_arn", away)
        first, _ = bench.execution_service.start(request)
        bench.execution_service.start(request)
        assert len(bench.machines.started) == 2  # nothing told that it runs
        bench.clock.advance(0.1)
        bench.run(first.execution_id, "a")
        again, created = bench.execution_service.start(request)
    assert (again.execution_id, created) == (first.execution_id, False)
    assert len(bench.machines.started) == 2


def test_a_second_run_repeats_nothing_that_is_stored_and_ends_nothing_again(bench: EngineBench) -> None:
    execution_id = begin(
        bench, node("a", value=1), node("out", "output", value="{{a.output}}"), connections=connect("a>out")
    )
    bench.run(execution_id, "a")
    bench.run(execution_id, "a")
    assert len(bench.scripts.calls) == 1
    for _ in range(2):
        bench.run(execution_id, "out")
    assert tell_end(bench, execution_id)
    with pytest.raises(ExecutionEndedError):
        bench.run(execution_id, "a")
    assert not tell_end(bench, execution_id, {"Error": "ExecutionEndedError", "Cause": ""})
    assert bench.execution(execution_id).status is ExecutionStatus.SUCCEEDED


def test_a_part_that_is_run_by_hand_has_a_standard_machine(bench: EngineBench) -> None:
    workflow_id = save(bench)
    request = StartRequest(workflow_id, selection=Selection(until="a"), wait_seconds=25)
    started, _ = bench.execution_service.start(request)
    assert (started.mode, started.status) == ("standard", ExecutionStatus.RUNNING)
    assert "-express" not in (started.state_machine_version_arn or "-express")
    assert bench.execution_service.cancel(started.execution_id).status is ExecutionStatus.ABORTED
