"""Executions whose end should have been heard of, and was not."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.execution import Execution
from engine.ports import ExecutionStore, WorkflowStore

# Events arrive within seconds; a record that is this much over its time is asked after.
OVERDUE_SECONDS = 30.0


def is_overdue(
    execution: Execution, now: datetime, executions: ExecutionStore, workflows: WorkflowStore
) -> bool:
    """Whether it runs longer than it may, or every node run ended a while ago and still no event came."""
    if execution.status.ended:
        return False
    due = execution.due_at + timedelta(seconds=OVERDUE_SECONDS)
    return now > due or _has_stalled(execution, now, executions, workflows)


def _has_stalled(
    execution: Execution, now: datetime, executions: ExecutionStore, workflows: WorkflowStore
) -> bool:
    if (now - execution.started_at).total_seconds() < OVERDUE_SECONDS:
        return False
    if execution.execution_arn is None:
        return True
    nodes = workflows.get_version(execution.workflow_id, execution.version).workflow.nodes
    runs = executions.list_node_runs(execution.execution_id, limit=len(nodes)).items
    if len(runs) < len(nodes) and not any(run.error is not None for run in runs):
        return False
    last: datetime | None = max((run.ended_at for run in runs if run.ended_at), default=None)
    if any(not run.status.ended for run in runs if run.error is None) or last is None:
        return False
    return (now - last).total_seconds() > OVERDUE_SECONDS
