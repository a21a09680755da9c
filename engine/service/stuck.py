"""Executions that hang: their time is over, and nobody said how they ended.

Reading one repairs it; these are the ones that nobody reads. An index holds those that run by the time that
they are due, so that finding none costs four reads of nothing, and not a look at every execution.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from engine.errors import MiniN8nError, NotFoundError
from engine.execution import Execution
from engine.ports import Clock, ExecutionStore, Metrics
from engine.service.overdue import OVERDUE_SECONDS
from engine.service.repair import ExecutionRepairer

log = logging.getLogger("mini_n8n.service")

# How many one sweep takes on: each takes some calls, and the function has a minute. The others wait.
MAX_SWEPT = 100


@dataclass(frozen=True)
class StuckSweep:
    """Finds them, and asks Step Functions what became of each."""

    executions: ExecutionStore
    repairer: ExecutionRepairer
    clock: Clock
    metrics: Metrics

    def sweep(self) -> tuple[Execution, ...]:
        """Those that hung, as they stand now; they are counted: their ends should have been heard of."""
        before = self.clock.now() - timedelta(seconds=OVERDUE_SECONDS)
        found: list[Execution] = []
        for execution_id in self.executions.list_due(before, MAX_SWEPT):
            try:
                execution = self.executions.get(execution_id)
            except NotFoundError:
                continue  # deleted a moment ago
            if execution.status.ended:
                continue  # its end came a moment ago: the index is behind the table
            found.append(self._repaired(execution))
        if found:
            # Not when there are none: a metric is paid for each hour that has a value of it.
            self.metrics.count("StuckExecutions", len(found))
        return tuple(found)

    def _repaired(self, execution: Execution) -> Execution:
        """How it stands now; one that cannot be repaired does not keep the others waiting."""
        try:
            return self.repairer.repair_overdue(execution)
        except MiniN8nError:
            log.exception("execution %s hangs, and could not be repaired", execution.execution_id)
            return execution
