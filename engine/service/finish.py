"""How an execution ends: by Step Functions' word, once, with every node run decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.dag import Dag
from engine.execution import ErrorInfo, Execution, ExecutionStatus, NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.node import OUTPUT_TYPE
from engine.ports import Clock, ExecutionStore, MachineExecution, Metrics, WorkflowStore
from engine.values import ValueStore
from engine.workflow import Workflow


@dataclass(frozen=True)
class ExecutionFinisher:
    """Ends executions. Repeating it does no harm: the first writer wins."""

    workflows: WorkflowStore
    executions: ExecutionStore
    values: ValueStore
    clock: Clock
    metrics: Metrics

    def finish(self, execution_id: str, machine: MachineExecution) -> bool:
        """Record how the execution ended; False if that was known, or if it still runs. NotFoundError."""
        execution = self.executions.get(execution_id)
        if execution.status.ended or not machine.status.ended:
            return False
        version = self.workflows.get_version(execution.workflow_id, execution.version)
        runs = {run.node_id: run for run in self._node_runs(execution_id)}
        ended_at = machine.ended_at or self.clock.now()
        if machine.status is ExecutionStatus.SUCCEEDED:
            output = self._output(version.workflow, runs)
            claim = self.values.store(f"executions/{execution_id}/output.json", output)
            done = self.executions.finish(
                execution_id, machine.status, ended_at, output=None if claim else output, output_claim=claim
            )
        else:
            error = self._error(machine, runs)
            done = self.executions.finish(execution_id, machine.status, ended_at, error=error)
            self._close_node_runs(execution, version.workflow, runs, machine, ended_at)
        if done:
            self._measure(execution, machine.status, ended_at)
        return done

    def _node_runs(self, execution_id: str) -> list[NodeRun]:
        found: list[NodeRun] = []
        cursor: str | None = None
        while True:
            page = self.executions.list_node_runs(execution_id, cursor=cursor)
            found.extend(page.items)
            if (cursor := page.cursor) is None:
                return found

    def _output(self, workflow: Workflow, runs: dict[str, NodeRun]) -> JsonObject:
        """Outputs by name: of the output nodes, or where there are none, of the last nodes."""
        wanted = {
            node.id: str(node.config.get("name") or node.id)
            for node in workflow.nodes
            if node.type == OUTPUT_TYPE
        }
        if not wanted:
            sources = {connection.source for connection in workflow.connections}
            wanted = {node.id: node.id for node in workflow.nodes if node.id not in sources}
        output: JsonObject = {}
        for node_id, name in wanted.items():
            run = runs.get(node_id)
            if run is not None and run.output_name is not None:
                output[name] = (self.values.load(run.result, run.claim) or {}).get("output")
        return output

    def _error(self, machine: MachineExecution, runs: dict[str, NodeRun]) -> ErrorInfo:
        """The error of the first node that failed, or else what Step Functions said."""
        failed = [run for run in runs.values() if run.error is not None and run.output_name is None]
        if machine.status is ExecutionStatus.FAILED and failed:
            first = min(failed, key=lambda run: (run.ended_at is None, run.ended_at or run.started_at))
            if first.error is not None:
                return first.error
        told = {
            ExecutionStatus.TIMED_OUT: "the execution took longer than settings.timeout_seconds",
            ExecutionStatus.ABORTED: machine.cause or "the execution was cancelled",
        }
        message = told.get(machine.status) or machine.cause or machine.error or "the state machine failed"
        return ErrorInfo(type=machine.error or f"Execution.{machine.status.value}", message=message)

    def _close_node_runs(
        self,
        execution: Execution,
        workflow: Workflow,
        runs: dict[str, NodeRun],
        machine: MachineExecution,
        ended_at: datetime,
    ) -> None:
        """Decide every node run that is not, also of nodes that never started.

        That is what refuses the late start, or the late result, of a sibling whose Lambda runs on.
        """
        for node_id in Dag.of(workflow).order:
            run = runs.get(node_id) or NodeRun(
                execution_id=execution.execution_id, node_id=node_id, status=NodeStatus.PENDING
            )
            if run.status.ended:
                continue
            blamed = run.error is not None and machine.status is ExecutionStatus.FAILED
            status = NodeStatus.FAILED if blamed else NodeStatus.ABORTED
            self.executions.finish_node(
                run.model_copy(update={"status": status, "ended_at": ended_at, "items": None})
            )

    def _measure(self, execution: Execution, status: ExecutionStatus, ended_at: datetime) -> None:
        seconds = (ended_at - execution.started_at).total_seconds()
        self.metrics.count("Executions", status=status.value)
        self.metrics.milliseconds("ExecutionDuration", max(0.0, seconds) * 1000)
