"""How long an execution may take by the timeouts of its nodes: a bound for what goes on without faults.

Faults of the services underneath are tried again besides, and are not in it.
"""

from __future__ import annotations

from engine.compiler.tree import Tree, makespan
from engine.node import BaseNode
from engine.registry import NodeRegistry
from engine.workflow import ForEach, Node, Retry, Workflow


def longest_seconds(tree: Tree | None, workflow: Workflow, registry: NodeRegistry) -> float | None:
    """Of the whole tree, every attempt of every node at its timeout; None where data decides."""
    if tree is None:
        return 0.0
    found: dict[str, float] = {}
    for node in workflow.nodes:
        seconds = longest_node_seconds(node, registry)
        if seconds is None:
            return None
        found[node.id] = seconds
    return makespan(tree, found)


def longest_node_seconds(node: Node, registry: NodeRegistry) -> float | None:
    """Of one node; a light one with no settings of its own takes milliseconds, whatever its timeout."""
    node_class = registry.get(node.type)
    if node.disabled:
        return 0.0
    if node_class.light and not (node.timeout_seconds or node.retry or node.for_each):
        return 0.0
    once = _attempts_seconds(node, node_class)
    return once if node.for_each is None else _items_seconds(node.for_each, once)


def _attempts_seconds(node: Node, node_class: type[BaseNode]) -> float:
    waits = node_class.longest_wait_seconds(node.config)
    if waits is not None:
        # The moment that it waits for is kept: a second attempt does not wait again.
        return waits
    one = node.timeout_seconds or node_class.default_timeout_seconds
    retry = node.retry or node_class.default_retry
    return one * retry.max_attempts + _intervals_seconds(retry)


def _intervals_seconds(retry: Retry) -> float:
    total, interval = 0.0, float(retry.interval_seconds)
    for _ in range(retry.max_attempts - 1):
        total += min(interval, retry.max_interval_seconds)
        interval *= retry.backoff_rate
    return total


def _items_seconds(for_each: ForEach, once: float) -> float | None:
    if not isinstance(for_each.items, list):
        return None
    return -(-len(for_each.items) // for_each.max_concurrency) * once
