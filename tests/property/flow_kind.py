"""Nodes of random workflows that wait, ask, or run another workflow: configs, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from engine.workflow import Connection, Node, Workflow
from tests.integration.documents import connect, node, workflow

KINDS = ("wait", "workflow", "loop", "approval")
# What they take the place of, and how often: each costs an execution more, or some seconds.
REPLACED = ("act", "quick", "poll")
SHARE = 0.1
PAST = "2001-01-01T00:00:00+00:00"
# What the title of a question asks for, and what comes of it.
OUTCOMES = {"approve": "approved", "reject": "rejected", "expire": "expired"}
FORM = {"type": "object", "properties": {"of": {"type": "string"}}}
FILLED_IN = {"of": "filled in"}
ANSWER_SECONDS, EXPIRE_SECONDS = 3_000, 1


@dataclass(frozen=True)
class Flow:
    """``child``: the workflow that they run; ``now``: when their waits are drawn; None: one that is over."""

    child: str
    now: datetime
    wait_seconds: tuple[float | None, ...] = (None, 10, 40, 70)


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


def mix_in(
    behaviours: Sequence[Workflow], flow: Flow, chance: Random, share: float = SHARE
) -> list[Workflow]:
    """The workflows of one shape with some of their scripted nodes as others: the same in each of them."""
    kinds = {
        node.id: chance.choice(KINDS)
        for node in behaviours[0].nodes
        if node.type in REPLACED and chance.random() < share
    }
    # A question has no output `main`.
    asked = [
        connection.model_copy(update={"source_output": chance.choice(["approved", *OUTCOMES.values()])})
        if kinds.get(connection.source) == "approval" and connection.source_output == "main"
        else connection
        for connection in behaviours[0].connections
    ]
    return [_mix(document, kinds, flow, chance, tuple(asked)) for document in behaviours]


def _mix(
    document: Workflow,
    kinds: Mapping[str, str],
    flow: Flow,
    chance: Random,
    connections: tuple[Connection, ...],
) -> Workflow:
    nodes = [
        _flow_node(node, kinds[node.id], flow, chance) if node.id in kinds else node
        for node in document.nodes
    ]
    return document.model_copy(update={"nodes": tuple(nodes), "connections": connections})


def _flow_node(scripted: Node, kind: str, flow: Flow, chance: Random) -> Node:
    """In the place of a scripted node, by its connections and with what it sees."""
    config = _config(kind, flow, chance, scripted.config.get("sees"))
    # Its time and its attempts are those of what it runs.
    kept = {"id": scripted.id, "on_error": scripted.on_error, "join": scripted.join}
    return Node.model_validate({**kept, "type": kind, "config": config, "disabled": scripted.disabled})


def _config(kind: str, flow: Flow, chance: Random, sees: str | None) -> dict[str, Any]:
    if kind == "wait":
        seconds = chance.choice(flow.wait_seconds)
        until = PAST if seconds is None else (flow.now + timedelta(seconds=seconds)).isoformat()
        return {"until": until}
    if kind == "approval":
        title = chance.choice(["approve", *OUTCOMES])
        seconds = EXPIRE_SECONDS if title == "expire" else ANSWER_SECONDS
        return {"title": title, "form": FORM, "expires_after_seconds": seconds}
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


def leaves_by(node: Node) -> str:
    """The output that it leaves through where it does not fail."""
    return OUTCOMES[node.config["title"]] if node.type == "approval" else "main"


def output_of(node: Node, seen: Any) -> Any:
    """What it gives; ``seen`` is what its expression comes to, where it has one."""
    if node.type == "wait":
        return node.config["until"]
    if node.type == "approval":
        return FILLED_IN if node.config["title"] == "approve" else {}
    if node.type == "loop":
        return [{"out": {"of": index}} for index in range(node.config["times"])]
    text = text_of(node)
    return {"out": {"of": seen if text.startswith("{{") else text}}
