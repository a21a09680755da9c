"""What an ExecutionFilter means, for every store that keeps executions."""

from __future__ import annotations

from engine.execution import Execution
from engine.json_value import digest
from engine.ports import ExecutionFilter


def matches(record: Execution, wanted: ExecutionFilter) -> bool:
    """Whether an execution is one of those that are wanted."""
    return (
        wanted.workflow_id in (None, record.workflow_id)
        and wanted.status in (None, record.status)
        and (wanted.started_after is None or record.started_at >= wanted.started_after)
        and (wanted.started_before is None or record.started_at < wanted.started_before)
    )


def listing_of(wanted: ExecutionFilter) -> str:
    """What a cursor says of its list, so that it is refused with other filters."""
    parts = [wanted.workflow_id, wanted.status, str(wanted.started_after), str(wanted.started_before)]
    return f"executions:{digest(parts)[:12]}"
