"""What a retry begins with: the node runs of the execution before it that are decided."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import ConflictError
from engine.execution import Execution, ExecutionStatus, NodeRun, NodeStatus
from engine.ports import ExecutionStore
from engine.workflow import Workflow

PAGE = 1_000


def check_retry(execution: Execution) -> None:
    """ConflictError where there is nothing to try again."""
    if not execution.status.ended:
        raise ConflictError(
            f"Execution '{execution.execution_id}' is running; cancel it, or wait for its end."
        )
    if execution.status is ExecutionStatus.SUCCEEDED:
        raise ConflictError(
            f"Execution '{execution.execution_id}' has succeeded: nothing failed. "
            "Execute the workflow again instead."
        )


def kept_runs(
    executions: ExecutionStore, earlier: str, execution_id: str, workflow: Workflow
) -> list[NodeRun]:
    """Node runs of ``earlier`` that others went on from, as those of ``execution_id``.

    What stopped the execution, or was stopped with it, is not among them; of an unfinished for_each node the
    items that succeeded are.
    """
    kept = [run for run in _all_runs(executions, earlier, None) if is_decided(run)]
    decided = {run.node_id for run in kept}
    for node in workflow.nodes:
        if node.for_each is not None and node.id not in decided:
            items = _all_runs(executions, earlier, node.id)
            kept += [run for run in items if run.status is NodeStatus.SUCCEEDED]
    return [
        run.model_copy(update={"execution_id": execution_id, "kept_from": run.kept_from or earlier})
        for run in kept
    ]


def is_decided(run: NodeRun) -> bool:
    """Whether others go on from it: it left through an output, or was skipped."""
    return run.status.ended and (run.output_name is not None or run.status is NodeStatus.SKIPPED)


def _all_runs(executions: ExecutionStore, execution_id: str, node_id: str | None) -> Iterator[NodeRun]:
    cursor: str | None = None
    while True:
        page = executions.list_node_runs(execution_id, node_id=node_id, limit=PAGE, cursor=cursor)
        yield from page.items
        if (cursor := page.cursor) is None:
            return
