"""Any workflow document: shapes alone, whether or not it could be saved."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.workflow import Workflow

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["{{ n0.output }}", "{{", "naïve 漢字", "\x00"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["url", "a.b", "", "list", "value"]), VALUES, max_size=4)
NODE_IDS = st.sampled_from([f"n{index}" for index in range(6)])


@st.composite
def nodes(draw: st.DrawFn, node_id: str) -> dict[str, Any]:
    node: dict[str, Any] = {"id": node_id, "type": draw(st.sampled_from(["transform", "output"]))}
    maybe = {
        "config": OBJECTS,
        "name": st.none() | st.text(max_size=5),
        "disabled": st.booleans(),
        "position": st.fixed_dictionaries({"x": st.integers(0, 9) | st.floats(0, 9), "y": st.integers(0, 9)}),
        "retry": st.none() | st.fixed_dictionaries({"max_attempts": st.integers(1, 5)}),
        "on_error": st.sampled_from(["stop", "continue"]),
        "for_each": st.none() | st.fixed_dictionaries({"items": VALUES}),
    }
    for field in draw(st.sets(st.sampled_from(sorted(maybe)))):
        node[field] = draw(maybe[field])
    return node


@st.composite
def documents(draw: st.DrawFn) -> Workflow:
    ids = draw(st.lists(NODE_IDS, min_size=1, unique=True))
    links = st.fixed_dictionaries(
        {"source": st.sampled_from(ids), "target": st.sampled_from(ids)},
        optional={"source_output": st.sampled_from(["main", "error"])},
    )
    document: dict[str, Any] = {
        "name": draw(st.text(min_size=1, max_size=5)),
        "nodes": [draw(nodes(node_id)) for node_id in ids],
        "connections": draw(st.lists(links, max_size=5)),
    }
    if draw(st.booleans()):
        document["tags"] = draw(st.lists(st.text(min_size=1, max_size=3), max_size=2))
    if draw(st.booleans()):
        document["settings"] = draw(st.sampled_from([{}, {"timeout_seconds": 7}]))
    return Workflow.model_validate(document)
