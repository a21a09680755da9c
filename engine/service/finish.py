"""How an execution ends: by Step Functions' word, once, with every node run decided."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.access.ports import LimitStore
from engine.dag import Dag
from engine.errors import NodeError, NodeTimeoutError
from engine.execution import (
    ErrorInfo,
    Execution,
    ExecutionCost,
    ExecutionStatus,
    NodeRun,
    NodeStatus,
    value_key,
)
from engine.json_value import JsonObject
from engine.machine import MachineExecution
from engine.node import OUTPUT_TYPE
from engine.ports import Clock, ExecutionStore, Metrics, WorkflowStore, WorkflowVersion
from engine.service.cost import execution_cost
from engine.service.durations import DurationRecorder
from engine.service.tally import Tally
from engine.values import ValueStore
from engine.workflow import Workflow

# How `engine.runner.failure` tells Step Functions which node failed.
_NAMED = re.compile(r"node '([A-Za-z_][A-Za-z0-9_]*)' failed")

_ERRORS = (ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)


def _said(cause: str | None) -> str | None:
    """What a cause says: of a function that failed its message, without the traceback and our paths."""
    try:
        document = json.loads(cause or "")
    except ValueError:
        return cause
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return str(message) if message else cause


@dataclass(frozen=True)
class ExecutionFinisher:
    """Ends executions. Repeating it does no harm: the first writer wins."""

    workflows: WorkflowStore
    executions: ExecutionStore
    values: ValueStore
    clock: Clock
    metrics: Metrics
    limits: LimitStore | None = None
    follow: Callable[[Execution], None] = lambda _: None
    """What comes after an end that may concern other executions; see `engine.service.aftermath`."""
    durations: DurationRecorder | None = None
    tally: Tally | None = None
    discard_machine: Callable[[str], None] | None = None
    """Removes a machine version that was made for one execution, for who may do that; see `Root`."""
    observe: Callable[[Execution], None] = lambda _: None
    """Is told which execution it is about, once that is read: for log lines."""

    def finish(self, execution_id: str, machine: MachineExecution) -> bool:
        """Record how the execution ended; False if that was known, or if it still runs. NotFoundError."""
        execution = self.executions.get(execution_id)
        self.observe(execution)
        done = self._finish(execution, machine)
        if machine.status.ended and (
            execution.parent is not None or machine.status is not ExecutionStatus.SUCCEEDED
        ):
            # Also when the end was known: who recorded it may have died before this.
            self.follow(self.executions.get(execution_id))
        if machine.status.ended and execution.own_plan is not None and self.discard_machine is not None:
            self.discard_machine(execution.state_machine_version_arn or "")
        return done

    def _finish(self, execution: Execution, machine: MachineExecution) -> bool:
        execution_id = execution.execution_id
        if not machine.status.ended or execution.status is ExecutionStatus.SUCCEEDED:
            return False
        version = self.workflows.get_version(execution.workflow_id, execution.version)
        runs = {run.node_id: run for run in self._node_runs(execution_id)}
        ended_at = machine.ended_at or self.clock.now()
        if machine.status is ExecutionStatus.SUCCEEDED and not execution.status.ended:
            done = self._succeed(execution, version, runs, ended_at)
            self._learn(execution, version.workflow, runs, done=done)
            return done
        blamed = self._blame(machine, runs)
        # First the nodes, so that who sees the end sees no node run open. Also when the end is recorded: an
        # execution whose start failed has nodes that were never decided.
        self._close_node_runs(execution, version.workflow, runs, blamed, ended_at)
        if execution.status.ended:
            return False
        error = self._error(machine, blamed)
        cost = self._cost(execution, version, runs, ended_at)
        done = self.executions.finish(execution_id, machine.status, ended_at, error=error, cost=cost)
        if done:
            self.release_place(execution)
            self._measure(execution, machine.status, ended_at)
            if self.tally is not None:
                workflow = version.workflow
                self.tally.count_execution(
                    execution, machine.status, ended_at, cost=cost, runs=runs, workflow=workflow
                )
        self._learn(execution, version.workflow, runs, done=done)
        return done

    def _succeed(
        self, execution: Execution, version: WorkflowVersion, runs: dict[str, NodeRun], ended_at: datetime
    ) -> bool:
        execution_id, status = execution.execution_id, ExecutionStatus.SUCCEEDED
        output = self._output(version.workflow, runs, execution.selection.target)
        cost = self._cost(execution, version, runs, ended_at)
        try:
            claim = self.values.store(value_key(execution_id, "output"), output)
        except NodeError as error:
            # Outputs that are too large together: nobody could read them.
            status, told = ExecutionStatus.FAILED, ErrorInfo(type="OutputTooLarge", message=str(error))
            done = self.executions.finish(execution_id, status, ended_at, error=told, cost=cost)
        else:
            inline = None if claim else output
            done = self.executions.finish(
                execution_id, status, ended_at, output=inline, output_claim=claim, cost=cost
            )
        if done:
            self.release_place(execution)
            self._measure(execution, status, ended_at)
            if self.tally is not None:
                self.tally.count_execution(
                    execution, status, ended_at, cost=cost, runs=runs, workflow=version.workflow
                )
        return done

    def _cost(
        self, execution: Execution, version: WorkflowVersion, runs: dict[str, NodeRun], ended_at: datetime
    ) -> ExecutionCost:
        # Not those of a node that has gathered them, which knows the sum: they may be 10,000.
        spread = [run for run in runs.values() if run.item_count and run.items_cost is None]
        spread = [run for run in spread if run.kept_from is None]
        items = {run.node_id: self._node_runs(run.execution_id, run.node_id) for run in spread}
        seconds = (ended_at - execution.started_at).total_seconds()
        report = version.report if execution.own_plan is None else execution.own_plan
        return execution_cost(report, runs, items, seconds if execution.mode == "express" else None)

    def _learn(
        self, execution: Execution, workflow: Workflow, runs: dict[str, NodeRun], *, done: bool
    ) -> None:
        """Once for each execution: whoever recorded its end notes how long its nodes took."""
        if done and self.durations is not None:
            self.durations.record(execution.workflow_id, workflow, runs)

    def release_place(self, execution: Execution) -> None:
        """Give back the place that the execution held among its starter's."""
        if self.limits is not None and execution.holds_place and execution.started_by is not None:
            self.limits.release(execution.started_by, execution.execution_id)

    def _node_runs(self, execution_id: str, node_id: str | None = None) -> list[NodeRun]:
        """The node runs of an execution, or the item runs of a node."""
        found: list[NodeRun] = []
        cursor: str | None = None
        while True:
            page = self.executions.list_node_runs(execution_id, node_id=node_id, cursor=cursor)
            found.extend(page.items)
            if (cursor := page.cursor) is None:
                return found

    def _output(self, workflow: Workflow, runs: dict[str, NodeRun], target: str | None) -> JsonObject:
        """Outputs by name: of the output nodes, or where there are none, of the last nodes.

        Where a part of the workflow ran for the sake of one node (``target``), of that.
        """
        wanted = {
            node.id: str(node.config.get("name") or node.id)
            for node in workflow.nodes
            if node.type == OUTPUT_TYPE
        }
        if not wanted:
            sources = {connection.source for connection in workflow.connections}
            wanted = {node.id: node.id for node in workflow.nodes if node.id not in sources}
        if target is not None:
            wanted = {target: target}
        output: JsonObject = {}
        for node_id, name in wanted.items():
            run = runs.get(node_id)
            if run is not None and run.output_name is not None:
                output[name] = (self.values.load(run.result, run.claim) or {}).get("output")
        return output

    def _blame(self, machine: MachineExecution, runs: dict[str, NodeRun]) -> NodeRun | None:
        """The node run that made the execution fail, with its error: the one that the cause names.

        Others may have failed and be waiting for their next attempt; the execution ended before that.
        """
        if machine.status is not ExecutionStatus.FAILED:
            return None
        failed = [run for run in runs.values() if run.error is not None and run.output_name is None]
        named = _NAMED.search(machine.cause or "")
        run = runs.get(named.group(1)) if named else None
        if run is None and failed:
            run = min(failed, key=lambda run: (run.ended_at is None, run.ended_at or run.started_at))
        if run is None or run.error is not None:
            return run
        items = self._node_runs(run.execution_id, run.node_id) if run.item_count else []
        first = next((item for item in items if item.error is not None and item.output_name is None), None)
        if first is None or first.error is None:
            return None
        message = f"item {first.item}: {first.error.message}"
        return run.model_copy(update={"error": first.error.model_copy(update={"message": message})})

    def _error(self, machine: MachineExecution, blamed: NodeRun | None) -> ErrorInfo:
        """The error of the node run to blame, or else what Step Functions said."""
        if blamed is not None and blamed.error is not None:
            return blamed.error
        told = {
            ExecutionStatus.TIMED_OUT: "the execution took longer than settings.timeout_seconds",
            ExecutionStatus.ABORTED: machine.cause or "the execution was cancelled",
        }
        cause = _said(machine.cause)
        message = told.get(machine.status) or cause or machine.error or "the state machine failed"
        return ErrorInfo(type=machine.error or f"Execution.{machine.status.value}", message=message)

    def _close_node_runs(
        self,
        execution: Execution,
        workflow: Workflow,
        runs: dict[str, NodeRun],
        blamed: NodeRun | None,
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
            for item in self._node_runs(execution.execution_id, node_id) if run.item_count else ():
                self._close(item, item.error if blamed and blamed.node_id == node_id else None, ended_at)
            self._close(run, blamed.error if blamed and blamed.node_id == node_id else None, ended_at)

    def _close(self, run: NodeRun, error: ErrorInfo | None, ended_at: datetime) -> None:
        """End a node run: as failed where ``error`` ended the execution, else as aborted."""
        if run.status.ended:
            return
        status = NodeStatus.ABORTED
        if error is not None:
            timed_out = error.type == NodeTimeoutError.__name__
            status = NodeStatus.TIMED_OUT if timed_out else NodeStatus.FAILED
        end = {"status": status, "error": error or run.error, "ended_at": ended_at}
        forget = {"items": None, "items_claim": None, "poll_state": None, "wake": None, "not_before": None}
        self.executions.finish_node(run.model_copy(update=end | forget))

    def _measure(self, execution: Execution, status: ExecutionStatus, ended_at: datetime) -> None:
        seconds = (ended_at - execution.started_at).total_seconds()
        self.metrics.count("Executions", status=status.value)
        # 0 or 1 for each: the average is the rate of errors. Who cancels an execution makes no error.
        self.metrics.count("ExecutionErrors", float(status in _ERRORS))
        self.metrics.milliseconds("ExecutionDuration", max(0.0, seconds) * 1000)
