"""Durations: what ended executions teach, and the profile that a version is compiled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.durations_port import DurationStore
from engine.errors import MiniN8nError
from engine.execution import NodeRun
from engine.ports import Clock, Metrics
from engine.workflow import Workflow


@dataclass(frozen=True)
class DurationRecorder:
    """Adds the node runs of an ended execution to what is known of its workflow."""

    store: DurationStore
    clock: Clock
    metrics: Metrics

    def record(self, workflow_id: str, workflow: Workflow, runs: Mapping[str, NodeRun]) -> None:
        """Note how long nodes took. What cannot be written is let go: the execution has ended well or ill,
        and the next one teaches the same."""
        now = self.clock.now()
        try:
            known = self.store.get(workflow_id)
            if known.may_wait(runs, now):
                return
            more = known.with_runs(workflow, runs, now)
            if more is not known and not self.store.put(workflow_id, more):
                self.metrics.count("DurationsLost", reason="others")
        except MiniN8nError:
            self.metrics.count("DurationsLost", reason="away")
