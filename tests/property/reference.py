"""The connection rule, written a second time and as plainly as can be: what every execution must come to.

It walks the nodes in Kahn's order and shares nothing with the engine but the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.workflow import Connection, Node, Workflow
from tests.property.flow_kind import KINDS, fails_always, leaves_by, output_of, text_of
from tests.property.scripted_node import make_output

STOPS = "stops"  # the node fails, and with it the execution
NEVER = "never"  # a node before it stops the execution
MAX_ATTEMPTS = 3  # of node types that say nothing else
NOTHING = "nothing"  # what expressions of scripted nodes fall back to


@dataclass(frozen=True)
class Outcome:
    """How a node ended: its status, the output that it left through (None: dead), and its ``output``."""

    status: str
    left_through: str | None = None
    output: Any = None
    has_result: bool = False


Outcomes = dict[str, Outcome]


def interpret(workflow: Workflow) -> Outcomes:
    """The outcome of every node."""
    outcomes: Outcomes = {}
    waiting = list(workflow.nodes)
    while waiting:
        for node in waiting:
            incoming = [c for c in workflow.connections if c.target == node.id]
            if all(c.source in outcomes for c in incoming):
                outcomes[node.id] = decide(node, incoming, outcomes)
                waiting.remove(node)
                break
    return outcomes


def decide(node: Node, incoming: list[Connection], outcomes: Outcomes) -> Outcome:
    """Whether the node runs, and what comes of it."""
    if any(outcomes[c.source].status in (STOPS, NEVER) for c in incoming):
        return Outcome(NEVER)
    live = [c.source for c in incoming if outcomes[c.source].left_through == c.source_output]
    runs = len(live) == len(incoming) if node.join == "all" else bool(live)
    if incoming and not runs:
        return Outcome("skipped")
    inputs = {source: outcomes[source].output for source in live}
    if node.disabled:
        return Outcome("skipped", "main", next(iter(inputs.values()), None), has_result=True)
    return run(node, outcomes, inputs)


def run(node: Node, outcomes: Outcomes, inputs: dict[str, Any]) -> Outcome:
    """What comes of a node that runs."""
    if node.type in KINDS:
        seen = see(text_of(node), outcomes)
        given = Outcome("succeeded", leaves_by(node), output_of(node, seen), has_result=True)
        return give_up(node) if fails_always(node) else given
    sees = see(node.config.get("sees", ""), outcomes)
    if node.for_each is not None:
        return run_items(node, len(node.for_each.items), sees, inputs)
    if fails(node, None):
        return give_up(node)
    output = make_output(node.id, None, sees, inputs)
    return Outcome("succeeded", node.config.get("leaves", "main"), output, has_result=True)


def fails(node: Node, item: int | None) -> bool:
    """Whether a node, or an item of it, fails for good."""
    config = node.config
    attempts = node.retry.max_attempts if node.retry else MAX_ATTEMPTS
    # A default must not double the time: what took too long is tried again where the document says so.
    slow_attempts = node.retry.max_attempts if node.retry else 1
    return bool(
        config.get("dies")
        or item in config.get("dies_on", [])
        or config.get("failures", 0) >= attempts
        or config.get("overruns", 0) >= slow_attempts
    )


def give_up(node: Node) -> Outcome:
    """What a failure comes to."""
    if node.on_error == "stop":
        return Outcome(STOPS)
    return Outcome("failed", "error" if node.on_error == "output" else "main", None, has_result=True)


def run_items(node: Node, count: int, sees: object, inputs: dict[str, Any]) -> Outcome:
    """A for_each node: the outputs of its items in order."""
    failed = [fails(node, item) for item in range(count)]
    each = node.for_each
    assert each is not None
    bounds = (each.tolerated_failures, (each.tolerated_failure_percentage or 0) / 100 * count)
    stated = each.tolerated_failures is not None, each.tolerated_failure_percentage is not None
    if any(says and sum(failed) > bound for says, bound in zip(stated, bounds, strict=True)):
        return give_up(node)
    if any(failed) and node.on_error == "stop" and not any(stated):
        return Outcome(STOPS)
    outputs = [None if failed[item] else make_output(node.id, item, sees, inputs) for item in range(count)]
    leaves = "error" if any(failed) and node.on_error == "output" and not any(stated) else "main"
    return Outcome("succeeded", leaves, outputs, has_result=True)


def see(text: str, outcomes: Outcomes) -> Any:
    """What ``{{ node.output || 'nothing' }}`` gives: empty values count as nothing; None for other texts."""
    name, found, _ = text.partition(".output || ")
    if not found:
        return None
    seen = outcomes[name.strip("{ ")]
    return seen.output if seen.has_result and seen.output else NOTHING
