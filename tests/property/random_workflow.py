"""Random workflows of scripted nodes: any DAG, any outputs, any settings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.workflow import Workflow
from tests.property.reference import NOTHING

_FAULTS = st.sampled_from([{}, {}, {}, {"failures": 1}, {"failures": 4}, {"dies": True}])


@st.composite
def workflows(draw: st.DrawFn, max_nodes: int = 8) -> Workflow:
    """A workflow that passes validation."""
    count = draw(st.integers(1, max_nodes))
    nodes: list[dict[str, Any]] = []
    connections: list[dict[str, str]] = []
    above: dict[str, set[str]] = {}
    for index in range(count):
        node_id = f"n{index}"
        sources = (
            draw(st.lists(st.sampled_from(nodes), max_size=3, unique_by=lambda n: n["id"])) if nodes else []
        )
        above[node_id] = {s["id"] for s in sources}.union(*(above[s["id"]] for s in sources))
        for source in sources:
            outputs = draw(st.lists(st.sampled_from(_outputs(source)), min_size=1, max_size=2, unique=True))
            links = ({"source": source["id"], "source_output": o, "target": node_id} for o in outputs)
            connections.extend(links)
        nodes.append(_node(draw, node_id, sorted(above[node_id])))
    order = draw(st.permutations(nodes))
    return Workflow.model_validate({"name": "random", "nodes": order, "connections": connections})


def _node(draw: st.DrawFn, node_id: str, above: list[str]) -> dict[str, Any]:
    node_type = draw(st.sampled_from(["act", "act", "act", "branch", "poll"]))
    config: dict[str, Any] = dict(draw(_FAULTS))
    node: dict[str, Any] = {"id": node_id, "type": node_type, "config": config}
    node["on_error"] = draw(st.sampled_from(["stop", "continue", "output"]))
    node["join"] = draw(st.sampled_from(["any", "any", "all"]))
    node["disabled"] = draw(st.sampled_from([False, False, False, True]))
    if above and draw(st.booleans()):
        config["sees"] = f"{{{{ {draw(st.sampled_from(above))}.output || '{NOTHING}' }}}}"
    if draw(st.booleans()):
        node["retry"] = {"max_attempts": draw(st.integers(1, 5))}
    if node_type == "branch":
        config["leaves"] = draw(st.sampled_from(["left", "right"]))
    elif draw(st.sampled_from([False, False, True])):
        node["for_each"] = {"items": list(range(draw(st.integers(0, 3)))), "max_concurrency": 2}
        config["dies_on"] = draw(st.lists(st.integers(0, 2), max_size=1))
    if node_type == "poll":
        config["polls"] = draw(st.integers(0, 2))
    return node


def _outputs(node: dict[str, Any]) -> list[str]:
    own = ["left", "right"] if node["type"] == "branch" else ["main"]
    return [*own, "error"] if node["on_error"] == "output" else own
