"""How long the nodes of a workflow took: samples of past node runs, and the profile made of them.

Kept are the last samples of each node; a node counts with their median, which one slow run does not move.
Cache hits, results that were kept or pinned, skipped and failed runs say nothing about a node, and do not
count; a for_each node counts as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.execution import NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.workflow import MAX_NODES, Workflow

MAX_SAMPLES = 20
# From here on a sample more changes little, so that a busy workflow need not write each of its executions.
ENOUGH_SAMPLES = 5
# Between two writes of a profile that has enough: 1,440 a day at most, however often a workflow runs.
QUIET_SECONDS = 60.0
# Nodes that are remembered, those of older versions among them: 300 KB of text, some 100 KB compressed.
MAX_KEPT_NODES = MAX_NODES + 500


@dataclass(frozen=True)
class NodeDurations:
    """The last samples of a node, in seconds, the newest last."""

    node_type: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """What the node is expected to take: the lower of the two in the middle."""
        return _median(self.seconds)


@dataclass(frozen=True)
class Durations:
    """What is known of a workflow's nodes; ``revision`` 0: nothing yet."""

    revision: int = 0
    updated_at: datetime | None = None
    nodes: Mapping[str, NodeDurations] = field(default_factory=dict)

    def with_runs(self, workflow: Workflow, runs: Mapping[str, NodeRun], now: datetime) -> Durations:
        """With the samples of an execution of ``workflow``; the same object where it has none."""
        found = dict(self.nodes)
        for node in workflow.nodes:
            run = runs.get(node.id)
            if run is None or not _counts(run):
                continue
            # Taken out and put back: what ran last stands last, and what ran long ago goes first.
            earlier = found.pop(node.id, None)
            # Under another type the node is another node.
            samples = earlier.seconds if earlier is not None and earlier.node_type == node.type else ()
            found[node.id] = NodeDurations(node.type, (*samples, _seconds(run))[-MAX_SAMPLES:])
        if found == self.nodes:
            return self
        kept = dict(list(found.items())[-MAX_KEPT_NODES:])
        return Durations(self.revision + 1, now, kept)

    def may_wait(self, runs: Mapping[str, NodeRun], now: datetime) -> bool:
        """Whether these were written a moment ago, and know enough of every node that ran."""
        if self.updated_at is None or (now - self.updated_at).total_seconds() >= QUIET_SECONDS:
            return False
        known = (self.nodes.get(node_id) for node_id, run in runs.items() if _counts(run))
        return all(durations is not None and len(durations.seconds) >= ENOUGH_SAMPLES for durations in known)

    def to_profile(self) -> JsonObject:
        """The profile that the compiler plans with: by node, and by node type for nodes that are new."""
        by_type: dict[str, list[float]] = {}
        for durations in self.nodes.values():
            by_type.setdefault(durations.node_type, []).append(durations.median)
        return {
            "durations": {node_id: known.median for node_id, known in sorted(self.nodes.items())},
            "type_durations": {name: _median(seconds) for name, seconds in sorted(by_type.items())},
        }


def _counts(run: NodeRun) -> bool:
    return (
        run.status is NodeStatus.SUCCEEDED
        and run.cache != "hit"
        and run.kept_from is None
        and not run.pinned
        and run.started_at is not None
        and run.ended_at is not None
    )


def _seconds(run: NodeRun) -> float:
    assert run.started_at is not None  # noqa: S101 - `_counts` said so
    assert run.ended_at is not None  # noqa: S101
    return round(max(0.0, (run.ended_at - run.started_at).total_seconds()), 3)


def _median(seconds: Iterable[float]) -> float:
    ordered = sorted(seconds)
    return ordered[(len(ordered) - 1) // 2]
