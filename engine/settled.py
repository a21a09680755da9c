"""Nodes that are settled when an execution starts: their values are known then, so no Task runs them."""

from __future__ import annotations

from datetime import datetime

from engine.execution import NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.node import INPUT_TYPE, MAIN
from engine.workflow import Node, Workflow


def settled_nodes(workflow: Workflow) -> tuple[Node, ...]:
    """Input nodes that nothing comes before."""
    reached = {connection.target for connection in workflow.connections}
    return tuple(
        node
        for node in workflow.nodes
        if node.type == INPUT_TYPE and not node.disabled and node.for_each is None and node.id not in reached
    )


def settled_runs(workflow: Workflow, execution_id: str, inputs: JsonObject, now: datetime) -> list[NodeRun]:
    """Their node runs; ``inputs`` are those of the execution, defaults filled in."""
    runs: list[NodeRun] = []
    for node in settled_nodes(workflow):
        value = inputs.get(str(node.config.get("name") or node.id))
        runs.append(
            NodeRun(
                execution_id=execution_id,
                node_id=node.id,
                status=NodeStatus.SUCCEEDED,
                output_name=MAIN,
                result={"output": value, "value": value},
                started_at=now,
                ended_at=now,
                attempts=1,
            )
        )
    return runs
