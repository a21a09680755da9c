"""Express executions: nobody can ask after them, so their records say how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.execution import Execution, ExecutionStatus, NodeRun, NodeStatus
from engine.machine import MachineExecution
from engine.ports import ExecutionStore
from engine.settled import settled_nodes
from engine.task import FinishTask
from engine.workflow import Workflow


def runs_at_once(execution: Execution, wait_seconds: float) -> bool:
    """Whether someone waits until the machine has surely ended: by its own timeout, and no guess.

    What may take longer is started, and then waited for: a request that is cut off must not lose it.
    """
    return execution.mode == "express" and execution.timeout_seconds <= wait_seconds


def has_begun(executions: ExecutionStore, execution: Execution, workflow: Workflow) -> bool:
    """Whether a node has run in this execution, besides what was recorded before it was started."""
    return _has_run(executions.list_node_runs(execution.execution_id).items, workflow)


def _has_run(runs: Iterable[NodeRun], workflow: Workflow) -> bool:
    settled = {node.id for node in settled_nodes(workflow)}
    return any(run.kept_from is None and run.node_id not in settled for run in runs)


def told_end(task: FinishTask, now: datetime) -> MachineExecution:
    """How the machine of an express execution says that it ended."""
    if task.error is None:
        return MachineExecution(ExecutionStatus.SUCCEEDED, now, now)
    return MachineExecution(ExecutionStatus.FAILED, now, now, task.error.name, task.error.cause)


def read_end(
    execution: Execution, workflow: Workflow, runs: list[NodeRun], now: datetime
) -> MachineExecution:
    """How an express execution stands by its node runs: what stopped it, or all of them ended, or its time.

    Its last Task would have told; that was lost, or the machine's timeout was faster.
    """
    started = execution.started_at
    stopped = [run for run in runs if run.output_name is None and _has_failed(run)]
    if stopped:
        first = min(stopped, key=lambda run: run.ended_at or now)
        cause = f"node '{first.node_id}' failed"
        return MachineExecution(ExecutionStatus.FAILED, started, first.ended_at, "NodeError", cause)
    ended = [run.ended_at for run in runs if run.status.ended and run.ended_at is not None]
    if len(ended) == len(workflow.nodes):
        return MachineExecution(ExecutionStatus.SUCCEEDED, started, max(ended))
    due = execution.due_at
    if now < due:
        return MachineExecution(ExecutionStatus.RUNNING, started)
    if not _has_run(runs, workflow):
        lost = "nothing of it ran: its state machine was not started, or ended before its first Task"
        return MachineExecution(ExecutionStatus.FAILED, started, due, "ExecutionLost", lost)
    return MachineExecution(ExecutionStatus.TIMED_OUT, started, due, "States.Timeout")


def _has_failed(run: NodeRun) -> bool:
    return run.status in (NodeStatus.FAILED, NodeStatus.TIMED_OUT)
