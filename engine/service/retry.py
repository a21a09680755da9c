"""Trying an execution again, by the same version or by another: what of its results holds, and what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.changed_nodes import changed_nodes
from engine.dag import Dag
from engine.errors import ConflictError
from engine.execution import Execution, ExecutionStatus, NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.ports import ExecutionStore, WorkflowStore
from engine.runner.prepared import PreparedWorkflow
from engine.values import ValueStore
from engine.workflow import Workflow


@dataclass(frozen=True)
class RetryReport:
    """Nodes whose results are kept, and why each of the others runs (or is decided) again."""

    kept: tuple[str, ...]
    again: Mapping[str, str]


def check_retry(execution: Execution, *, same: bool) -> None:
    """ConflictError where there is nothing to try again; ``same``: with its version and its inputs."""
    if not execution.status.ended:
        raise ConflictError(
            f"Execution '{execution.execution_id}' is running; cancel it, or wait for its end."
        )
    if same and execution.status is ExecutionStatus.SUCCEEDED:
        raise ConflictError(
            f"Execution '{execution.execution_id}' has succeeded: nothing failed. "
            "Execute the workflow again instead, or retry with another version or other inputs."
        )


def is_decided(run: NodeRun) -> bool:
    """Whether others go on from it: it left through an output, or was skipped."""
    return run.status.ended and (run.output_name is not None or run.status is NodeStatus.SKIPPED)


@dataclass(frozen=True)
class RetryPlanner:
    """What a retry keeps; the same again when its start is repeated."""

    workflows: WorkflowStore
    executions: ExecutionStore
    values: ValueStore

    def kept_runs(self, execution: Execution, workflow: Workflow) -> list[NodeRun]:
        """Node runs of the execution before that others went on from and that hold, as those of this one.

        What stopped that one, or was stopped with it, is not among them; of an unfinished for_each node the
        items that succeeded are, and of one that another for_each node goes on from all that are decided.
        """
        earlier = self.executions.get(execution.retry_of or "")
        changed = self._changed(earlier, execution, workflow)
        runs = {run.node_id: run for run in self._runs(earlier)}
        again = _again(workflow, changed, runs, earlier, execution)
        kept = [runs[node.id] for node in workflow.nodes if node.id not in again]
        decided = {run.node_id for run in kept}
        fed = {node.id for node in workflow.nodes if node.for_each is not None}
        feeding = {c.source for c in workflow.connections if c.target in fed}
        wanted = {c.source for c in workflow.connections if c.target in fed - decided}
        for node in workflow.nodes:
            if node.for_each is None or node.id in changed or node.id in decided - wanted:
                continue
            kept += [
                run
                for run in self._runs(earlier, node.id)
                if run.status is NodeStatus.SUCCEEDED or (node.id in feeding and is_decided(run))
            ]
        of = {"execution_id": execution.execution_id}
        return [
            run.model_copy(update=of | {"kept_from": run.kept_from or earlier.execution_id}) for run in kept
        ]

    def report(self, execution: Execution, workflow: Workflow) -> RetryReport:
        """What is kept, and why the rest is not."""
        earlier = self.executions.get(execution.retry_of or "")
        changed = self._changed(earlier, execution, workflow)
        runs = {run.node_id: run for run in self._runs(earlier)}
        again = _again(workflow, changed, runs, earlier, execution)
        ids = [node.id for node in workflow.nodes]
        told = {node_id: again[node_id] for node_id in ids if node_id in again}
        return RetryReport(tuple(node_id for node_id in ids if node_id not in again), told)

    def _changed(self, earlier: Execution, execution: Execution, workflow: Workflow) -> dict[str, str]:
        before = self.workflows.get_version(earlier.workflow_id, earlier.version).workflow
        return changed_nodes(before, workflow, self._inputs(earlier), self._inputs(execution))

    def _inputs(self, execution: Execution) -> JsonObject:
        inputs: JsonObject = self.values.load(execution.inputs, execution.inputs_claim)
        return inputs

    def _runs(self, earlier: Execution, node_id: str | None = None) -> Iterator[NodeRun]:
        return all_runs(self.executions, earlier.execution_id, node_id)


def all_runs(executions: ExecutionStore, execution_id: str, node_id: str | None) -> Iterator[NodeRun]:
    """The node runs of an execution, or the item runs of a node, page by page."""
    cursor: str | None = None
    while True:
        page = executions.list_node_runs(execution_id, node_id=node_id, cursor=cursor)
        yield from page.items
        if (cursor := page.cursor) is None:
            return


def _again(
    workflow: Workflow,
    changed: Mapping[str, str],
    runs: Mapping[str, NodeRun],
    earlier: Execution,
    execution: Execution,
) -> dict[str, str]:
    """Why nodes run again, by their ids. What comes after one of them does so too: it read another result."""
    prepared = PreparedWorkflow(workflow)
    again: dict[str, str] = {}
    for node_id in Dag.of(workflow).order:
        run = runs.get(node_id)
        reads = (*prepared.sources(node_id), *sorted(prepared.references(node_id)))
        before = next((name for name in reads if name in again), None)
        if node_id in changed:
            again[node_id] = changed[node_id]
        elif run is None:
            again[node_id] = "it had not run"
        elif not _holds(run, earlier, execution):
            ended = f"it had ended as {run.status.value}"
            again[node_id] = "its result was pinned" if run.pinned else ended
        elif before is not None:
            again[node_id] = f"it comes after '{before}'"
    return again


def _holds(run: NodeRun, earlier: Execution, execution: Execution) -> bool:
    """Whether the run of a node that has not changed is one to go on from."""
    if not is_decided(run):
        return False
    if execution.version == earlier.version:
        return True
    # In another document another part may be left out, and other results pinned.
    return not run.pinned and not (run.status is NodeStatus.SKIPPED and earlier.selection.target is not None)
