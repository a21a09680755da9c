"""The order in which a definition runs its nodes, read from the definition alone."""

from __future__ import annotations

from engine.asl import all_states
from engine.compiler.lambda_call import called_nodes
from engine.compiler.measure import fork_ways
from engine.json_value import JsonObject
from engine.task import DEFAULT_STEP


def nodes_before(definition: JsonObject) -> dict[str, frozenset[str]]:
    """For each node the nodes that have certainly ended when its first Task starts.

    A wait of a latch is taken at its word, once it is seen that every Task which ends one of the nodes that
    it is for tells it so.
    """
    found: dict[str, frozenset[str]] = {}
    waits, told = latches(definition)
    assert waits <= told

    def walk(machine: JsonObject, first: str, join: str | None, before: frozenset[str]) -> frozenset[str]:
        name: str | None = first
        while name is not None and name != join:
            state = machine["States"][name]
            ended: set[str] = set()
            if state["Type"] == "Task":
                ended.update(state["Parameters"]["Payload"].get("await", ()))
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
    return _close(found)


def latches(definition: JsonObject) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The pairs of wait and node that waits are for, and those that every Task ending the node tells."""
    waits: set[tuple[str, str]] = set()
    tells: dict[str, set[str]] = {}
    for state in all_states(definition):
        payload = state.get("Parameters", {}).get("Payload", {})
        waits |= {(payload["latch"], node_id) for node_id in payload.get("await", ())}
        if payload.get("step", DEFAULT_STEP) in ("run", "collect", "settle") and "item.$" not in payload:
            for node_id in payload.get("nodes", ()):
                now = set(payload.get("arrives", ()))
                tells[node_id] = tells.get(node_id, now) & now
    return waits, {(latch, node_id) for node_id, names in tells.items() for latch in names}


def _close(before: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """What has ended before a node that has ended has ended too."""
    while True:
        wider = {
            node_id: earlier.union(*(before[other] for other in earlier))
            for node_id, earlier in before.items()
        }
        if wider == before:
            return before
        before = wider
