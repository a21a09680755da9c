"""Which nodes' results of one version do not hold in another, and why.

A result holds where the node itself is the same (what decides a result, not its name, place, retry or
timeout), its connections are, and so is everything before it. Input nodes are compared by their values.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.dag import Dag
from engine.json_equality import equal_json
from engine.json_value import JsonObject, JsonValue
from engine.runner.prepared import PreparedWorkflow
from engine.settled import settled_nodes
from engine.workflow import Node, Workflow

# How many items run at once, and how many one call runs, is no part of any result.
_PACE = {"max_concurrency", "batch_size"}


def changed_nodes(
    old: Workflow, new: Workflow, old_inputs: JsonObject, new_inputs: JsonObject
) -> dict[str, str]:
    """Why a result does not hold, by the ids of such nodes of ``new``, in their order."""
    before, after = PreparedWorkflow(old), PreparedWorkflow(new)
    settled = {node.id: node for node in settled_nodes(new)}
    settled_before = {node.id: node for node in settled_nodes(old)}
    different_inputs = _different_inputs(old_inputs, new_inputs)
    reasons: dict[str, str] = {}
    for node_id in Dag.of(new).order:
        if node_id in settled and node_id in settled_before:
            values = (old_inputs.get(_name(settled_before[node_id])), new_inputs.get(_name(settled[node_id])))
            reason = None if equal_json(*values) else "its value is another"
        else:
            reason = _own_reason(before, after, node_id) or _earlier_reason(after, node_id, reasons)
            reason = reason or _input_reason(after, node_id, different_inputs)
        if reason is not None:
            reasons[node_id] = reason
    return reasons


def _own_reason(before: PreparedWorkflow, after: PreparedWorkflow, node_id: str) -> str | None:
    if node_id not in before.nodes:
        return "it is new"
    old, new = _deciding(before.nodes[node_id]), _deciding(after.nodes[node_id])
    fields = [name for name in new if not equal_json(old[name], new[name])]
    if fields:
        return f"its {', '.join(fields)} changed"
    links = [
        sorted((connection.source, connection.source_output) for connection in version.incoming[node_id])
        for version in (before, after)
    ]
    return None if links[0] == links[1] else "its connections changed"


def _earlier_reason(after: PreparedWorkflow, node_id: str, reasons: Mapping[str, str]) -> str | None:
    """What it reads of changed nodes: by its connections and by its expressions."""
    reads = (*after.sources(node_id), *sorted(after.references(node_id)))
    changed = next((name for name in reads if name in reasons), None)
    return None if changed is None else f"it comes after '{changed}'"


def _input_reason(after: PreparedWorkflow, node_id: str, names: frozenset[str]) -> str | None:
    """An expression may name an input without a connection to its node."""
    if not names:
        return None
    read = sorted((names & after.names(node_id)).difference(after.nodes))
    return f"it reads '{read[0]}', which is another" if read else None


def _different_inputs(old: JsonObject, new: JsonObject) -> frozenset[str]:
    """Inputs whose value is another, or that came or went; and `inputs`, which may name them all."""
    names = {*old, *new}
    found = {name for name in names if name not in old or name not in new}
    found |= {name for name in names - found if not equal_json(old[name], new[name])}
    return frozenset({*found, "inputs"} if found else ())


def _deciding(node: Node) -> dict[str, JsonValue]:
    """The parts of a node that decide its result."""
    return {
        "type": node.type,
        "config": node.config,
        "disabled": node.disabled,
        "on_error": node.on_error,
        "join": node.join,
        "for_each": node.for_each and node.for_each.model_dump(mode="json", exclude=_PACE),
    }


def _name(node: Node) -> str:
    return str(node.config.get("name") or node.id)
