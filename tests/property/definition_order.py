"""The order in which a definition runs its nodes, read from the definition alone."""

from __future__ import annotations

from engine.compiler.lambda_call import called_nodes
from engine.json_value import JsonObject


def nodes_before(definition: JsonObject) -> dict[str, frozenset[str]]:
    """For each node the nodes that have certainly ended when its first Task starts."""
    found: dict[str, frozenset[str]] = {}

    def walk(machine: JsonObject, before: frozenset[str]) -> frozenset[str]:
        name = machine["StartAt"]
        while name is not None:
            state = machine["States"][name]
            ended: set[str] = set()
            if state["Type"] == "Task":
                for node_id in called_nodes(state):
                    found.setdefault(node_id, before - {node_id})
                    ended.add(node_id)
            for branch in state.get("Branches", []):
                ended |= walk(branch, before)
            before |= ended
            name = state.get("Next") or state.get("Default")
        return before

    walk(definition, frozenset())
    return found
