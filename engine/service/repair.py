"""What is done about executions whose end nobody told: they are found, asked after, and ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import NotFoundError
from engine.execution import Execution, ExecutionStatus, NodeRun
from engine.machine import MachineExecution, StateMachines
from engine.ports import Clock, ExecutionStore, Metrics, WorkflowStore
from engine.service.express import read_end
from engine.service.finish import ExecutionFinisher
from engine.service.overdue import is_overdue
from engine.workflow import Workflow


@dataclass(frozen=True)
class ExecutionRepairer:
    """Ends executions that are over. Repeating it does no harm."""

    workflows: WorkflowStore
    executions: ExecutionStore
    machines: StateMachines
    finisher: ExecutionFinisher
    clock: Clock
    metrics: Metrics

    def repair_overdue(self, execution: Execution) -> Execution:
        """The execution, ended if it is over and nobody said so."""
        if is_overdue(execution, self.clock.now(), self.executions, self.workflows):
            return self._repair(execution)
        return execution

    def stop(self, execution: Execution, error: str, cause: str) -> Execution:
        """Stop an execution, and how it stands then; one that has ended is left as it is.

        An express machine cannot be stopped: its execution ends at once, and it at its next Task.
        """
        if execution.mode == "express":
            now = self.clock.now()
            aborted = MachineExecution(ExecutionStatus.ABORTED, execution.started_at, now, error, cause)
            self.finisher.finish(execution.execution_id, aborted)
            return self.executions.get(execution.execution_id)
        try:
            self.machines.stop(self._arn(execution), error, cause)
        except NotFoundError:
            return self._never_started(execution)
        return self._repair(execution)

    def _arn(self, execution: Execution) -> str:
        return execution.execution_arn or self.machines.execution_arn(
            execution.state_machine_version_arn or "", execution.execution_id
        )

    def _repair(self, execution: Execution) -> Execution:
        """Find out what became of an execution whose end we have not heard of."""
        try:
            machine = self._describe(execution)
        except NotFoundError:
            return self._never_started(execution)
        if self.finisher.finish(execution.execution_id, machine):
            self.metrics.count("ExecutionsRepaired")
        return self.executions.get(execution.execution_id)

    def _describe(self, execution: Execution) -> MachineExecution:
        if execution.mode == "express":
            runs = list(self._node_runs(execution))
            return read_end(execution, self._document(execution), runs, self.clock.now())
        return self.machines.describe(self._arn(execution))

    def _node_runs(self, execution: Execution) -> Iterator[NodeRun]:
        cursor: str | None = None
        while True:
            page = self.executions.list_node_runs(execution.execution_id, cursor=cursor)
            yield from page.items
            if (cursor := page.cursor) is None:
                return

    def _document(self, execution: Execution) -> Workflow:
        return self.workflows.get_version(execution.workflow_id, execution.version).workflow

    def _never_started(self, execution: Execution) -> Execution:
        now = self.clock.now()
        lost = MachineExecution(
            ExecutionStatus.FAILED,
            execution.started_at,
            now,
            "ExecutionLost",
            "Step Functions does not know it",
        )
        self.finisher.finish(execution.execution_id, lost)
        return self.executions.get(execution.execution_id)
