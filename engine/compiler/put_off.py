"""Light nodes that nothing waits for may be put off to the end, where they share one Task.

In the middle of a machine such a node needs a Task of its own, and often a Parallel around what it waits
for. The execution ends no later: it waits for every node in any case.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.compiler.step import Step
from engine.dag import Dag
from engine.node import RESPOND_TYPE
from engine.workflow import Workflow


def find_put_off(
    workflow: Workflow, dag: Dag, steps: Mapping[str, Step], fused: Mapping[str, Step]
) -> tuple[str, ...]:
    """Nodes to put off: those that found no Task to join, and what follows them.

    ``fused`` are the steps after fusion. What answers a webhook is not put off: somebody waits for it.
    """
    awaited = {node.id for node in workflow.nodes if node.type == RESPOND_TYPE}
    free: set[str] = set()
    for node_id in reversed(dag.order):
        own = steps[node_id]
        if own.light and own.portable and node_id not in awaited and free.issuperset(dag.successors[node_id]):
            free.add(node_id)
    found: set[str] = set()
    alone = {node_id for step in fused.values() if step.light for node_id in step.nodes}
    for node_id in dag.order:
        if node_id in free and (node_id in alone or not found.isdisjoint(dag.predecessors[node_id])):
            found.add(node_id)
    return tuple(node_id for node_id in dag.order if node_id in found)
