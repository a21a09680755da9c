"""Executions that ran when the server ended: they are aborted when it starts again, and their end is told."""

from __future__ import annotations

from typing import Any

CAUSE = "The local AWS stopped while this execution was running"

_interrupted: list[dict[str, Any]] = []


def mark_interrupted(executions: Any) -> None:
    """Turn every RUNNING execution of a restored state into ABORTED and remember it."""
    from ministack.core.responses import now_iso

    for execution in executions.all_values():
        if execution.get("status") == "RUNNING":
            execution.update(status="ABORTED", stopDate=now_iso(), error=None, cause=CAUSE)
            _interrupted.append(execution)


def report_interrupted_executions() -> None:
    """Send the status-change event of each; only possible once the event's targets can be reached."""
    from ministack.core.responses import request_scope
    from ministack.services import stepfunctions

    while _interrupted:
        execution = _interrupted.pop()
        region, account = execution["executionArn"].split(":")[3:5]
        with request_scope(account, region):
            stepfunctions._emit_execution_status_event(execution)
