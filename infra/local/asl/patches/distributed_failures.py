"""Defect: a Distributed Map succeeds although items failed.

moto counts the failed items and never looks at the tolerance. AWS fails the state with
States.ExceedToleratedFailureThreshold when more items failed than ToleratedFailureCount or
ToleratedFailurePercentage allow (none, when neither is given).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def is_threshold_exceeded(failed: int, total: int, tolerated_count: int, tolerated_percentage: float) -> bool:
    """Whether ``failed`` of ``total`` items is more than the Map state tolerates."""
    if failed == 0:
        return False
    if not tolerated_count and not tolerated_percentage:
        return True
    over_count = bool(tolerated_count) and failed > tolerated_count
    over_percentage = bool(tolerated_percentage) and 100 * failed / total > tolerated_percentage
    return over_count or over_percentage


def _failure(env: Any, failed: int, total: int) -> Exception:
    from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name import failure_event as failures
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    error = "States.ExceedToleratedFailureThreshold"
    cause = f"The specified tolerated failure threshold was exceeded: {failed} of {total} items failed"
    details = EventDetails(executionFailedEventDetails=ExecutionFailedEventDetails(error=error, cause=cause))
    failure = failures.FailureEvent(
        env=env,
        error_name=StatesErrorName.from_name(error),
        event_type=HistoryEventType.MapRunFailed,
        event_details=details,
    )
    exception: Exception = failures.FailureEventException(failure)
    return exception


def _make(original: Any) -> Any:
    def map_run(self: Any, env: Any, eval_input: Any) -> None:
        total = len(env.stack[-1])
        original(self, env, eval_input)
        counters = eval_input.map_run_record.item_counter.describe()
        failed = counters["failed"] + counters["timedOut"]
        if is_threshold_exceeded(
            failed, total, eval_input.tolerated_failure_count, eval_input.tolerated_failure_percentage
        ):
            raise _failure(env, failed, total)

    return map_run


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        distributed_iteration_component,
    )

    yield Replacement(distributed_iteration_component.DistributedIterationComponent, "_map_run", _make)


PATCH = Patch("asl.distributed_failures", _replacements)
