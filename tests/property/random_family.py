"""Random families: for_each nodes that take their items from one another, with ways that split and meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.workflow import Workflow

_FAULTS = st.sampled_from(
    [{}, {}, {}, {}, {"failures": 1}, {"failures": 4}, {"dies_on": [1]}, {"dies": True}]
)
_WAYS = st.sampled_from(["left", "right", "{{ index == `0` && 'left' || 'right' }}"])


@st.composite
def families(draw: st.DrawFn, behaviours: int = 4) -> list[Workflow]:
    """A node before, a family of several nodes, and a node behind each; one shape and several behaviours."""
    concurrency, batch_size = draw(st.sampled_from([2, 100])), draw(st.sampled_from([1, 1, 1, 2]))
    nodes: list[dict[str, Any]] = [{"id": "before", "type": draw(st.sampled_from(["act", "branch"]))}]
    connections: list[dict[str, str]] = []
    family: list[dict[str, Any]] = []
    for index in range(draw(st.integers(2, 6))):
        node = _member(draw, f"n{index}", poll=batch_size == 1)
        sources = (
            draw(st.lists(st.sampled_from(family), min_size=1, max_size=2, unique_by=_id)) if family else []
        )
        named = [f"{source['id']}.output" for source in sources]
        items: Any = draw(st.lists(st.integers(0, 9), max_size=3))
        if len(named) == 1:
            items = f"{{{{ {named[0]} }}}}"
        elif named:
            items = f"{{{{ merge_items({', '.join(named)}) }}}}"
        alike = draw(st.sampled_from([True, True, True, False]))
        node["for_each"] = {
            "items": items,
            "max_concurrency": concurrency if alike else 3,
            "batch_size": batch_size,
        }
        if draw(st.sampled_from([False] * 5 + [True])):
            node["for_each"]["tolerated_failures"] = draw(st.integers(0, 2))
        for source in [*sources, *(nodes[:1] if draw(st.sampled_from([False, False, True])) else [])]:
            output = draw(st.sampled_from(_outputs(source)))
            connections.append({"source": source["id"], "source_output": output, "target": node["id"]})
        family.append(node)
        nodes.append(node)
    for node in family:
        if draw(st.sampled_from([False, False, True])):
            behind = f"{node['id']}_behind"
            nodes.append({"id": behind, "type": "act"})
            plain = "error" if node["on_error"] == "output" and draw(st.booleans()) else "main"
            if plain == "error" or node["type"] not in ("branch", "choose"):
                connections.append({"source": node["id"], "source_output": plain, "target": behind})
    return [
        Workflow.model_validate(
            {
                "name": "family",
                "nodes": [{**node, "config": _script(draw, node)} for node in nodes],
                "connections": connections,
            }
        )
        for _ in range(behaviours)
    ]


def _id(node: dict[str, Any]) -> str:
    return str(node["id"])


def _member(draw: st.DrawFn, node_id: str, *, poll: bool) -> dict[str, Any]:
    types = ["act", "act", "quick", "branch", "choose", "choose", *(["poll"] if poll else [])]
    node: dict[str, Any] = {"id": node_id, "type": draw(st.sampled_from(types))}
    light = node["type"] in ("quick", "choose")
    node["on_error"] = draw(st.sampled_from(["stop", "stop"] if light else ["stop", "continue", "output"]))
    node["join"] = draw(st.sampled_from(["any", "any", "all"]))
    return node


def _script(draw: st.DrawFn, node: dict[str, Any]) -> dict[str, Any]:
    script: dict[str, Any] = dict(draw(_FAULTS))
    if node["type"] in ("quick", "choose", "branch") or "for_each" not in node:
        script.pop("failures", None)
    if "for_each" not in node:
        script = {}
    elif draw(st.booleans()):
        script["sees"] = "{{ item }}"
    if node["type"] in ("branch", "choose"):
        script["leaves"] = draw(_WAYS if "for_each" in node else st.sampled_from(["left", "right"]))
    if node["type"] == "poll":
        script["polls"] = draw(st.integers(0, 2))
    return script


def _outputs(node: dict[str, Any]) -> list[str]:
    own = ["left", "right"] if node["type"] in ("branch", "choose") else ["main"]
    return [*own, "error"] if node.get("on_error") == "output" else own
