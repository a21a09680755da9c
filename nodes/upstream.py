"""What a node works on when its config names nothing."""

from __future__ import annotations

from engine.json_value import JsonValue
from nodes.base import NodeInputs


def read_upstream(inputs: NodeInputs) -> JsonValue:
    """The output of the one live upstream node, or the outputs of several by node id; null for none."""
    outputs = {node_id: result.get("output") for node_id, result in inputs.items()}
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    return outputs or None
