"""What the items of for_each nodes come to that take them from one another, written as plainly as can be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.workflow import Connection, Node, Workflow
from tests.property import reference
from tests.property.reference import NEVER, STOPS, Outcome, fails, give_up
from tests.property.scripted_node import make_output


@dataclass(frozen=True)
class Whole:
    """A node and, where it ran them, its items."""

    own: Outcome
    items: tuple[Outcome, ...] | None = None


def interpret(workflow: Workflow) -> dict[str, Whole]:
    """The outcome of every node; the nodes stand in an order that keeps the connections."""
    found: dict[str, Whole] = {}
    for node in workflow.nodes:
        incoming = [c for c in workflow.connections if c.target == node.id]
        if any(found[c.source].own.status in (STOPS, NEVER) for c in incoming):
            found[node.id] = Whole(Outcome(NEVER))
        elif node.for_each is None:
            outcomes = {node_id: whole.own for node_id, whole in found.items()}
            found[node.id] = Whole(reference.decide(node, incoming, outcomes))
        else:
            found[node.id] = _iterate(node, node.for_each.items, incoming, found)
    return found


def _iterate(node: Node, items: Any, incoming: list[Connection], found: Mapping[str, Whole]) -> Whole:
    listed = isinstance(items, list)
    named = [] if listed else re.findall(r"(\w+)\.output", items)
    family = set() if listed else {c.source for c in incoming if c.source != "before"}
    iterated = {source for source in family if found[source].items is not None}

    def live(c: Connection, item: int | None) -> bool:
        if c.source not in iterated:
            return found[c.source].own.left_through == c.source_output
        return item is None or found[c.source].items[item].left_through == c.source_output  # type: ignore[index]

    def runs(item: int | None) -> bool:
        ways = [live(c, item) for c in incoming]
        return not ways or (all(ways) if node.join == "all" else any(ways))

    if not runs(None):
        return Whole(Outcome("skipped"))
    given = [source for source in named if source in iterated]
    if not listed and not given:
        return Whole(give_up(node))
    count = len(items) if listed else len(found[given[0]].items or ())
    outcomes: list[Outcome] = []
    for index in range(count):
        if not runs(index):
            outcomes.append(Outcome("skipped"))
            continue
        values = [items[index]] if listed else [(found[s].items or ())[index].output for s in given]
        value = next((value for value in values if value is not None), None)
        inputs: dict[str, Any] = {}
        for c in incoming:
            if live(c, index):
                whole = found[c.source]
                inputs[c.source] = (whole.items[index] if c.source in iterated else whole.own).output  # type: ignore[index]
        outcomes.append(_run_item(node, index, value, inputs))
    return _gather(node, outcomes)


def _run_item(node: Node, index: int, value: Any, inputs: dict[str, Any]) -> Outcome:
    if fails(node, index):
        left = "error" if node.on_error == "output" else "main"
        return Outcome("failed", left, None, has_result=True)
    leaves = node.config.get("leaves", "main")
    if leaves.startswith("{{"):
        leaves = "left" if index == 0 else "right"
    sees = value if "sees" in node.config else None
    return Outcome("succeeded", leaves, make_output(node.id, index, sees, inputs), has_result=True)


def _gather(node: Node, items: list[Outcome]) -> Whole:
    assert node.for_each is not None
    failed = sum(1 for item in items if item.status == "failed")
    tolerated = node.for_each.tolerated_failures
    if tolerated is None and failed and node.on_error == "stop":
        return Whole(Outcome(STOPS))
    if tolerated is not None and failed > tolerated:
        return Whole(give_up(node))
    leaves = "error" if failed and node.on_error == "output" and tolerated is None else "main"
    whole = Outcome("succeeded", leaves, [item.output for item in items], has_result=True)
    return Whole(replace(whole), tuple(items))
