"""Nodes of random workflows that wait, or run another workflow: their configs, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from engine.workflow import Node, Workflow
from tests.integration.documents import connect, node, workflow

KINDS = ("wait", "workflow", "loop")
# What they take the place of, and how often: each costs an execution more, or some seconds.
REPLACED = ("act", "quick", "poll")
SHARE = 0.08
PAST = "2001-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Flow:
    """``child``: the workflow that they run; ``now``: when their waits are drawn."""

    child: str
    now: datetime


def child_document() -> dict[str, Any]:
    """Puts out ``value`` as ``out``, or fails."""
    return workflow(
        node("value", "input", name="value", type="object"),
        node("fails", "input", name="fails", type="boolean", default=False),
        node("pick", "conditional", left="{{ fails.output }}", operator="is_true"),
        node("broken", "transform", value="{{ inputs.none.at.all }}"),
        node("out", "output", value="{{ value.output }}"),
        connections=connect("fails>pick", "pick.true>broken", "value>out"),
        name="Child",
    )


def mix_in(document: Workflow, flow: Flow, chance: Random) -> Workflow:
    """The workflow with some of its scripted nodes as nodes that wait, or run another workflow."""
    nodes = [
        _flow_node(node, flow, chance) if node.type in REPLACED and chance.random() < SHARE else node
        for node in document.nodes
    ]
    return document.model_copy(update={"nodes": tuple(nodes)})


def _flow_node(scripted: Node, flow: Flow, chance: Random) -> Node:
    """In the place of a scripted node, by its connections and with what it sees."""
    kind = chance.choice(KINDS)
    config = _config(kind, flow, chance, scripted.config.get("sees"))
    # Its time and its attempts are those of what it runs.
    kept = {"id": scripted.id, "on_error": scripted.on_error, "join": scripted.join}
    return Node.model_validate({**kept, "type": kind, "config": config, "disabled": scripted.disabled})


def _config(kind: str, flow: Flow, chance: Random, sees: str | None) -> dict[str, Any]:
    if kind == "wait":
        seconds = chance.choice([None, 10, 40, 70])
        until = PAST if seconds is None else (flow.now + timedelta(seconds=seconds)).isoformat()
        return {"until": until}
    calls = {"workflow_id": flow.child, "version": "draft"}
    fails = chance.random() < 0.25
    if kind == "loop":
        inputs = {"value": {"of": "{{ round.index }}"}, "fails": fails}
        return {**calls, "times": chance.randrange(3), "inputs": inputs}
    value = {"of": sees or chance.choice(["", "x", "yz"])}
    return {**calls, "inputs": {"value": value, "fails": fails}}


def fails_always(node: Node) -> bool:
    """Whether what it runs fails."""
    return bool(node.config.get("inputs", {}).get("fails")) and node.config.get("times") != 0


def text_of(node: Node) -> str:
    """What it hands to the workflow that it runs: an expression, or any text."""
    return str(node.config.get("inputs", {}).get("value", {}).get("of", ""))


def output_of(node: Node, seen: Any) -> Any:
    """What it gives; ``seen`` is what its expression comes to, where it has one."""
    if node.type == "wait":
        return node.config["until"]
    if node.type == "loop":
        return [{"out": {"of": index}} for index in range(node.config["times"])]
    text = text_of(node)
    return {"out": {"of": seen if text.startswith("{{") else text}}
