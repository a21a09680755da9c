"""Defect: MiniStack's own interpreter of the Amazon States Language is not one to test against.

It has no named Retry and Catch for Lambda errors, no MaxDelaySeconds, no timeout of the machine, no JSONPath
filters; it runs the newest definition whatever version was started, and waits for all branches before it
fails. moto's interpreter takes its place behind MiniStack's control plane. Express machines are standard ones
to it, with names that cannot be used twice, records and events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.aws.executions import Executions
from infra.local.aws.task_queue import TaskQueue
from infra.local.patch import Patch, Replacement


def patch(time_scale: float, tasks: TaskQueue) -> Patch:
    """Return the patch that runs executions on moto's interpreter, ``time_scale`` times their waits."""

    def replacements() -> Iterator[Replacement]:
        from ministack.services import stepfunctions

        executions = Executions(time_scale, tasks)

        def over(method: Any) -> Any:
            return lambda original: lambda data: method(original, data)

        yield Replacement(stepfunctions, "_run_execution", lambda _: executions.run)
        yield Replacement(stepfunctions, "_start_execution", over(executions.start))
        yield Replacement(stepfunctions, "_start_sync_execution", over(executions.start_sync))
        yield Replacement(stepfunctions, "_stop_execution", over(executions.stop))
        yield Replacement(stepfunctions, "_describe_execution", over(executions.describe))
        yield Replacement(stepfunctions, "_get_execution_history", over(executions.history))
        yield Replacement(stepfunctions, "_send_task_success", lambda _: executions.send_task_success)
        yield Replacement(stepfunctions, "_send_task_failure", lambda _: executions.send_task_failure)
        yield Replacement(stepfunctions, "_send_task_heartbeat", lambda _: executions.send_task_heartbeat)

    return Patch("aws.execution_engine", replacements)
