"""What is tallied: of each execution when it ends, and of each fire of a trigger.

A series is spelled ``family|label value|label value``; `functions.api.exposition` reads that. No label holds
what a user wrote, so that there are few series, and none tells of somebody's workflow.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.errors import UnavailableError
from engine.execution import Execution, ExecutionCost, ExecutionStatus, NodeRun, NodeStatus
from engine.tally_port import TallyStore
from engine.workflow import Workflow

log = logging.getLogger("mini_n8n.service")

# Seconds, of an execution; what took longer stands in the last bucket, which has no bound.
DURATION_BOUNDS = (0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 3_600, 86_400)
NANO = 1_000_000_000


@dataclass(frozen=True)
class Tally:
    """Counts into a store. What is lost when the store is away is lost: no end waits for it."""

    store: TallyStore

    def count_execution(
        self,
        execution: Execution,
        status: ExecutionStatus,
        ended_at: datetime,
        *,
        cost: ExecutionCost,
        runs: Mapping[str, NodeRun],
        workflow: Workflow,
    ) -> None:
        """Once for each execution, by whoever recorded its end."""
        seconds = max(0.0, (ended_at - execution.started_at).total_seconds())
        bound = next((str(bound) for bound in DURATION_BOUNDS if seconds <= bound), "+Inf")
        # The kind of the trigger alone: an id would make a series of its own for every one.
        trigger = execution.trigger.partition(":")[0]
        amounts = Counter(
            {
                f"executions|{status.value}|{trigger}": 1,
                f"duration|{bound}": 1,
                "duration_milliseconds": round(seconds * 1_000),
                "cost|states": round(cost.states_usd * NANO),
                "cost|lambda": round(cost.lambda_usd * NANO),
                "cost|models": round((cost.models_usd or 0.0) * NANO),
                "tokens|input": cost.input_tokens,
                "tokens|output": cost.output_tokens,
                "unpriced": int(cost.usd is None),
            }
        )
        amounts.update(_node_runs(runs, workflow))
        self._add(+amounts)

    def count_fire(self, trigger_type: str, outcome: str) -> None:
        """Once for each fire of a trigger."""
        self._add({f"fires|{trigger_type}|{outcome}": 1})

    def _add(self, amounts: Mapping[str, int]) -> None:
        try:
            self.store.add(amounts)
        except UnavailableError:
            log.warning("a tally was lost", exc_info=True)


def _node_runs(runs: Mapping[str, NodeRun], workflow: Workflow) -> Counter[str]:
    """By type: how many ended how, and the time that they took together."""
    types = {node.id: node.type for node in workflow.nodes}
    found: Counter[str] = Counter()
    for run in runs.values():
        if run.kept_from is not None or run.node_id not in types:
            continue
        # What had not ended was closed with the execution.
        status = run.status if run.status.ended else NodeStatus.ABORTED
        found[f"nodes|{types[run.node_id]}|{status.value}"] += 1
        if run.started_at and run.ended_at and status is not NodeStatus.SKIPPED:
            spent = (run.ended_at - run.started_at).total_seconds()
            found[f"node_milliseconds|{types[run.node_id]}"] += round(spent * 1_000)
    return found
