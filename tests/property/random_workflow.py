"""Random workflows of scripted nodes: any DAG, any outputs, any settings, any behaviour."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.workflow import Workflow
from tests.property.reference import NOTHING

LIGHT = ("quick", "choose")
_FAULTS = st.sampled_from(
    [{}, {}, {}, {}, {"failures": 1}, {"failures": 4}, {"overruns": 1}, {"overruns": 3}, {"dies": True}]
)


@st.composite
def workflows(draw: st.DrawFn, max_nodes: int = 8, behaviours: int = 5) -> list[Workflow]:
    """Workflows that pass validation: one shape, so one definition, and several behaviours of its nodes."""
    count = draw(st.integers(1, max_nodes))
    nodes: list[dict[str, Any]] = []
    connections: list[dict[str, str]] = []
    above: dict[str, list[str]] = {}
    for index in range(count):
        node_id = f"n{index}"
        few = (
            st.lists(st.sampled_from(nodes), max_size=3, unique_by=lambda n: n["id"])
            if nodes
            else st.just([])
        )
        sources = draw(few)
        above[node_id] = sorted({s["id"] for s in sources}.union(*(above[s["id"]] for s in sources)))
        for source in sources:
            outputs = draw(st.lists(st.sampled_from(_outputs(source)), min_size=1, max_size=2, unique=True))
            links = ({"source": source["id"], "source_output": o, "target": node_id} for o in outputs)
            connections.extend(links)
        nodes.append(_node(draw, node_id))
    order = draw(st.permutations(nodes))
    return [
        Workflow.model_validate(
            {
                "name": "random",
                "nodes": [{**node, "config": _script(draw, node, above[node["id"]])} for node in order],
                "connections": connections,
            }
        )
        for _ in range(behaviours)
    ]


def _node(draw: st.DrawFn, node_id: str) -> dict[str, Any]:
    node: dict[str, Any] = {
        "id": node_id,
        "type": draw(st.sampled_from(["act", "act", "quick", "quick", "branch", "choose", "poll"])),
    }
    node["on_error"] = draw(st.sampled_from(["stop", "continue", "output"]))
    node["join"] = draw(st.sampled_from(["any", "any", "all"]))
    node["disabled"] = draw(st.sampled_from([False, False, False, True]))
    if node["type"] in LIGHT and draw(st.booleans()):
        return {"id": node_id, "type": node["type"], "disabled": node["disabled"], "join": node["join"]}
    if draw(st.sampled_from([False, False, True])):
        node["timeout_seconds"] = draw(st.integers(1, 90))
    if draw(st.booleans()):
        node["retry"] = {"max_attempts": draw(st.integers(1, 5))}
    if not _branches(node) and draw(st.sampled_from([False, False, True])):
        node["for_each"] = _for_each(draw, node)
    return node


def _for_each(draw: st.DrawFn, node: dict[str, Any]) -> dict[str, Any]:
    for_each: dict[str, Any] = {
        "items": draw(st.lists(st.integers(), max_size=3)),
        "max_concurrency": draw(st.sampled_from([1, 2, 100])),
    }
    if node["type"] != "poll":
        for_each["batch_size"] = draw(st.sampled_from([1, 1, 2, 3]))
    tolerance = draw(st.sampled_from([None, None, "tolerated_failures", "tolerated_failure_percentage"]))
    if tolerance is not None:
        for_each[tolerance] = draw(st.sampled_from([0, 1, 50]))
    return for_each


def _script(draw: st.DrawFn, node: dict[str, Any], above: list[str]) -> dict[str, Any]:
    script: dict[str, Any] = dict(draw(_FAULTS))
    if node["type"] in LIGHT:
        # What touches nothing outside has no failure that passes.
        script = {name: value for name, value in script.items() if name == "dies"}
    if above and draw(st.booleans()):
        script["sees"] = f"{{{{ {draw(st.sampled_from(above))}.output || '{NOTHING}' }}}}"
    if _branches(node):
        script["leaves"] = draw(st.sampled_from(["left", "right"]))
    if "for_each" in node:
        script["dies_on"] = draw(st.lists(st.integers(0, 2), max_size=1))
    if node["type"] == "poll":
        script["polls"] = draw(st.integers(0, 2))
    return script


def _outputs(node: dict[str, Any]) -> list[str]:
    own = ["left", "right"] if _branches(node) else ["main"]
    return [*own, "error"] if node.get("on_error") == "output" else own


def _branches(node: dict[str, Any]) -> bool:
    return node["type"] in ("branch", "choose")
