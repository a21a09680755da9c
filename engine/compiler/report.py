"""The report: what the compiler knows of the machine that it made."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.asl import (
    MAX_DEFINITION_BYTES,
    MAX_HISTORY_EVENTS,
    all_states,
    definition_bytes,
)
from engine.compiler.levels import level_tree
from engine.compiler.measure import Cost, execution_cost, item_costs, poll_costs
from engine.compiler.schedule import critical_path
from engine.compiler.tree import Tree, makespan, parallel_depth
from engine.compiler.wait import MAX_WAITS, find_waits
from engine.dag import Dag
from engine.json_value import JsonObject
from engine.workflow import EXPRESS_SECONDS, MachineType

_QUOTAS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"


def make_report(
    definition: JsonObject,
    dag: Dag,
    tree: Tree | None,
    seconds: Mapping[str, float] | None,
    *,
    mode: MachineType,
    put_off: Collection[str] = (),
) -> JsonObject:
    """Counts and costs of one execution of the steps of ``dag``; times only where every step's is known.

    ``tree`` is how they are ordered, None where there is no step; ``put_off`` are those moved to its end.
    """
    cost = execution_cost(definition)
    items = item_costs(definition)
    waits = find_waits(dag, tree, seconds, put_off) if tree else ()
    return {
        "levels": len(dag.levels),
        "states": sum(1 for _ in all_states(definition)),
        "parallel_depth": parallel_depth(tree) if tree else 0,
        **cost.to_json(),
        "per_item": {node_id: item.to_json() for node_id, item in items.items()},
        "per_poll": {node_id: poll.to_json() for node_id, poll in poll_costs(definition).items()},
        "definition_bytes": definition_bytes(definition),
        "limits": _limits(cost, items, mode),
        "waits": [wait.to_json() for wait in waits[:MAX_WAITS]],
        "waits_count": len(waits),
        "predicted": None if seconds is None or tree is None else _predict(dag, tree, seconds),
    }


def _limits(cost: Cost, items: Mapping[str, Cost], mode: MachineType) -> JsonObject:
    """What stands against the numbers, and how many items the history has room for.

    An express execution has no history, and so no limit to it.
    """
    if mode == "express":
        return {
            "definition_bytes": MAX_DEFINITION_BYTES,
            "history_events": None,
            "items": {},
            "seconds": EXPRESS_SECONDS,
            "source": _QUOTAS,
        }
    free = MAX_HISTORY_EVENTS - cost.events
    return {
        "definition_bytes": MAX_DEFINITION_BYTES,
        "history_events": MAX_HISTORY_EVENTS,
        "items": {node_id: max(0, free // item.events) for node_id, item in items.items()},
        "source": _QUOTAS,
    }


def _predict(dag: Dag, tree: Tree, seconds: Mapping[str, float]) -> JsonObject:
    path = critical_path(dag, seconds)
    return {
        "makespan_seconds": round(makespan(tree, seconds), 6),
        "critical_path_seconds": round(sum(seconds[node_id] for node_id in path), 6),
        "critical_path": [{"node": node_id, "seconds": seconds[node_id]} for node_id in path],
        "levels_makespan_seconds": round(makespan(level_tree(dag), seconds), 6),
    }
