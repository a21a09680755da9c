"""The order in which a definition runs its nodes, read from the definition alone."""

from __future__ import annotations

from engine.compiler.lambda_call import called_nodes
from engine.compiler.measure import fork_ways
from engine.json_value import JsonObject


def nodes_before(definition: JsonObject) -> dict[str, frozenset[str]]:
    """For each node the nodes that have certainly ended when its first Task starts."""
    found: dict[str, frozenset[str]] = {}

    def walk(machine: JsonObject, first: str, join: str | None, before: frozenset[str]) -> frozenset[str]:
        name: str | None = first
        while name is not None and name != join:
            state = machine["States"][name]
            ended: set[str] = set()
            if state["Type"] == "Task":
                for node_id in called_nodes(state):
                    found.setdefault(node_id, (before | ended) - {node_id})
                    ended.add(node_id)
            for branch in state.get("Branches", []):
                ended |= walk(branch, branch["StartAt"], None, before)
            following = state.get("Next") or state.get("Default")
            for way in fork_ways(machine, state):
                # What is not taken is skipped: decided too.
                ended |= walk(machine, way, following, before)
            before |= ended
            name = following
        return before

    walk(definition, definition["StartAt"], None, frozenset())
    return found
