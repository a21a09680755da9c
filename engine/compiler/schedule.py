"""Times on a graph: what no machine can beat."""

from __future__ import annotations

from collections.abc import Mapping

from engine.dag import Dag


def critical_path(dag: Dag, seconds: Mapping[str, float]) -> tuple[str, ...]:
    """The chain of nodes that takes longest, the first such in the document's order."""
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for node_id in dag.order:
        latest = max(dag.predecessors[node_id], key=ends.__getitem__, default=None)
        before[node_id] = latest
        ends[node_id] = seconds[node_id] + (0.0 if latest is None else ends[latest])
    last: str | None = max(dag.order, key=ends.__getitem__, default=None)
    path: list[str] = []
    while last is not None:
        path.append(last)
        last = before[last]
    return tuple(reversed(path))
