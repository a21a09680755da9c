"""A batch: one call that runs several items of a for_each node, one after another.

Each item has its record, its attempts and its end, as if it had a call of its own: an item that may be
tried again is left as it is and the call fails once all others had their turn, so that every attempt of the
call is one attempt of each item that has not ended.
"""

from __future__ import annotations

from engine.errors import ExecutionEndedError, NodeError, NodeTimeoutError, RetryableNodeError
from engine.runner.records import TaskReading
from engine.runner.together import RunNodes
from engine.task import TaskAnswer
from engine.workflow import Node


def run_batch(around: TaskReading, run_nodes: RunNodes) -> TaskAnswer:
    """Run the items of the batch; raises what Step Functions tries again, or what ended an item for good."""
    failures: list[NodeError] = []
    for index in around.task.indexes:
        if index >= _count(around):
            break
        try:
            run_nodes(around.of_item(index))
        except ExecutionEndedError:
            raise
        except NodeError as error:
            failures.append(error)
            if not may_pass(error, around.prepared.nodes.get(error.node_id or "")):
                break
    if failures:
        # The last one is the only one that can be final, and Step Functions must see that one.
        raise failures[-1]
    return TaskAnswer()


def may_pass(error: NodeError, node: Node | None) -> bool:
    """Whether Step Functions tries again: a timeout only where the document asks for a retry."""
    if isinstance(error, NodeTimeoutError):
        return node is not None and node.retry is not None
    return isinstance(error, RetryableNodeError)


def _count(around: TaskReading) -> int:
    parent = around.records.get((around.task.nodes[0], None))
    return 0 if parent is None else parent.item_count or 0
