"""Executions whose end nobody told, and that nobody reads."""

from __future__ import annotations

import pytest

from engine.errors import UnavailableError
from engine.execution import Execution, ExecutionStatus
from engine.service.overdue import OVERDUE_SECONDS
from engine.service.repair import ExecutionRepairer
from engine.service.stuck import MAX_SWEPT, StuckSweep
from tests.unit.engine_bench import EngineBench, node

SETTINGS = {"settings": {"timeout_seconds": 60}}


def sweep_of(bench: EngineBench) -> StuckSweep:
    repairer = ExecutionRepairer(
        bench.workflows, bench.executions, bench.machines, bench.finisher, bench.clock, bench.metrics
    )
    return StuckSweep(bench.executions, repairer, bench.clock, bench.metrics)


def begin(bench: EngineBench, **more: object) -> str:
    return bench.begin(node("a", value=1), document=SETTINGS, **more)


def ended(bench: EngineBench, execution_id: str, status: ExecutionStatus) -> None:
    """The state machine ended, and its event was lost."""
    bench.machines.end(bench.execution(execution_id).execution_arn or "", status)


def pass_the_time(bench: EngineBench) -> None:
    bench.clock.advance(60 + OVERDUE_SECONDS + 2)


def test_what_hangs_is_ended_as_step_functions_says_and_counted(bench: EngineBench) -> None:
    timed_out, succeeded = begin(bench), begin(bench)
    ended(bench, timed_out, ExecutionStatus.TIMED_OUT)
    bench.run(succeeded, "a")
    ended(bench, succeeded, ExecutionStatus.SUCCEEDED)
    sweep = sweep_of(bench)
    assert sweep.sweep() == ()
    assert bench.metrics.total("StuckExecutions") == 0
    pass_the_time(bench)
    running = begin(bench)
    found = {execution.execution_id: execution.status for execution in sweep.sweep()}
    assert found == {timed_out: ExecutionStatus.TIMED_OUT, succeeded: ExecutionStatus.SUCCEEDED}
    assert bench.record(timed_out, "a").status == "aborted"
    assert bench.execution(succeeded).output == {"a": 1}
    assert bench.execution(running).status is ExecutionStatus.RUNNING
    assert bench.metrics.total("StuckExecutions") == 2
    assert sweep.sweep() == ()


def test_one_that_step_functions_never_knew_is_lost(bench: EngineBench) -> None:
    lost = {"execution_id": "ex_lost", "execution_arn": None}
    bench.executions.create(bench.execution(begin(bench)).model_copy(update=lost))
    bench.executions.finish(
        bench.machines.started[0].execution_id, ExecutionStatus.ABORTED, bench.clock.now()
    )
    pass_the_time(bench)
    (found,) = sweep_of(bench).sweep()
    assert (found.status, found.error and found.error.type) == (ExecutionStatus.FAILED, "ExecutionLost")


def test_one_that_cannot_be_asked_after_keeps_no_other_waiting(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = begin(bench), begin(bench)
    for execution_id in (first, second):
        ended(bench, execution_id, ExecutionStatus.TIMED_OUT)
    pass_the_time(bench)
    repair = ExecutionRepairer.repair_overdue

    def away_for_the_first(repairer: ExecutionRepairer, execution: Execution) -> Execution:
        if execution.execution_id == first:
            raise UnavailableError("Step Functions is away")
        return repair(repairer, execution)

    monkeypatch.setattr(ExecutionRepairer, "repair_overdue", away_for_the_first)
    found = {execution.execution_id: execution.status for execution in sweep_of(bench).sweep()}
    assert found == {first: ExecutionStatus.RUNNING, second: ExecutionStatus.TIMED_OUT}
    assert bench.metrics.total("StuckExecutions") == 2
    monkeypatch.undo()
    assert [execution.execution_id for execution in sweep_of(bench).sweep()] == [first]


def test_one_sweep_takes_on_what_its_function_has_time_for(bench: EngineBench) -> None:
    for _ in range(MAX_SWEPT + 1):
        ended(bench, begin(bench), ExecutionStatus.TIMED_OUT)
    pass_the_time(bench)
    assert [len(sweep_of(bench).sweep()) for _ in range(3)] == [MAX_SWEPT, 1, 0]
