"""One problem hides no other: what is told of each fault alone is told of all of them together."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DocumentError
from engine.registry import NodeRegistry
from engine.validation import check_document
from nodes import BUILTIN_NODES
from tests.unit.validation.test_check import Told, document, leaving, messages, node, problems

# Faults of one node, each with what is told of it; "?" is the node's id.
NODE_FAULTS: dict[str, tuple[dict[str, Any], Told]] = {
    "bad type": ({"type": 7}, ("bad_value", "?", "type")),
    "unknown type": ({"type": "transfrom"}, ("unknown_type", "?", "type")),
    "unknown field": ({"confg": {}}, ("unknown_field", "?", "confg")),
    "bad retry": ({"retry": {"max_attempts": 0}}, ("bad_value", "?", "retry.max_attempts")),
    "retry": (
        {"retry": {"interval_seconds": 9, "max_interval_seconds": 5}},
        ("retry_intervals", "?", "retry.max_interval_seconds"),
    ),
    "bad timeout": ({"timeout_seconds": "soon"}, ("bad_value", "?", "timeout_seconds")),
    "timeout": ({"timeout_seconds": 81}, ("timeout_too_long", "?", "timeout_seconds")),
    "expression": ({"config": {"set": {"x": "{{ ( }}"}}}, ("bad_expression", "?", "config.set.x")),
    "reference": ({"config": {"set": {"x": "{{ nobody.output }}"}}}, ("bad_reference", "?", "config.set.x")),
    "no number": ({"config": {"set": {"x": math.nan}}}, ("not_a_number", "?", "config.set.x")),
    "no text": ({"notes": "\ud800"}, ("lone_surrogate", "?", "notes")),
    "no key": ({"config": {"set": {"\ud800": 1}}}, ("bad_key", "?", "config.set.\\ud800")),
    "unknown config": ({"config": {"st": {}}}, ("unknown_field", "?", "config.st")),
    "items": ({"for_each": [0] * 10_001}, ("too_many_items", "?", "for_each.items")),
    "bad for_each": (
        {"for_each": {"items": "{{ nobody }}", "max_concurrency": 0}},
        ("bad_value", "?", "for_each.max_concurrency"),
    ),
    "pin": ({"pinned": {"result": {}}}, ("pin_without_output", "?", "pinned.result")),
}
# Faults of the connection from the node before the last to the last one.
LINK_FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such node": ({"target": "nobody"}, "unknown_node", "target"),
    "no such output": ({"source_output": "tru"}, "unknown_output", "source_output"),
    "bad output": ({"source_output": 7}, "bad_value", "source_output"),
    "bad source": ({"source": "1a"}, "bad_value", "source"),
    "unknown field": ({"sourc": "a"}, "unknown_field", "sourc"),
}


def told_of(faults: list[str], links: list[str]) -> tuple[dict[str, Any], set[Told]]:
    """A document with a node for each fault, and a connection, and what is to be told of it."""
    nodes, connections, told = [], [], set[Told]()
    for index, name in enumerate(faults):
        fields, (code, _, field) = NODE_FAULTS[name]
        nodes.append(node(f"n{index}", "transform") | fields)
        told.add((code, f"n{index}", field))
        if name == "bad for_each":
            told.add(("bad_reference", f"n{index}", "for_each.items"))
    for index, name in enumerate(links):
        fields, code, field = LINK_FAULTS[name]
        nodes += [node(f"from{index}"), node(f"to{index}")]
        connections.append({"source": f"from{index}", "target": f"to{index}"} | fields)
        named = f"from{index}" if code == "unknown_output" else None
        told.add((code, named, f"connections[{index}].{field}"))
    return document(*nodes, connections=connections), told


def test_all_faults_at_once_are_all_told() -> None:
    case, told = told_of([*NODE_FAULTS], [*LINK_FAULTS])
    assert set(problems(case)) == told


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(NODE_FAULTS)), max_size=6),
    st.lists(st.sampled_from(sorted(LINK_FAULTS)), max_size=4),
)
def test_of_any_faults_each_is_told_and_nothing_else(faults: list[str], links: list[str]) -> None:
    if faults or links:
        case, told = told_of(faults, links)
        assert set(problems(case)) == told


@pytest.mark.parametrize("name", [name for name in NODE_FAULTS if name != "pin"])
def test_what_is_wrong_with_a_node_is_told_beside_its_bad_id(name: str) -> None:
    fields, (code, _, field) = NODE_FAULTS[name]
    case = document(node("good"), node("1a") | fields)
    extra = {("bad_reference", None, "nodes[1].for_each.items")} if name == "bad for_each" else set()
    assert set(problems(case)) == {
        ("bad_value", None, "nodes[1].id"),
        (code, None, f"nodes[1].{field}"),
        *extra,
    }
    assert not any("node_1" in message for message in messages(case))


def test_a_bad_id_does_not_part_a_node_from_what_comes_before_it() -> None:
    case = document(
        node("a"),
        node("my node", config={"set": {"x": "{{ a.output }}", "y": "{{ b.output }}"}}),
        node("b", config={"set": {"x": "{{ a.output }}"}}),
        connections=[("a", "my node"), ("my node", "b"), ("b", "nobody")],
    )
    assert problems(case) == [
        ("bad_value", None, "nodes[1].id"),
        ("bad_value", None, "connections[0].target"),
        ("bad_value", None, "connections[1].source"),
        ("unknown_node", None, "connections[2].target"),
        ("bad_reference", None, "nodes[1].config.set.y"),
    ]
    assert messages(case)[-1].startswith("node 'b' does not come before nodes[1]")


def test_what_cannot_be_known_behind_a_fault_is_not_told() -> None:
    """Neither what comes before a node, where a connection cannot be read, nor what a node without id is."""
    reads = {"set": {"x": "{{ a.output }}"}}
    unread = document(node("a"), node("b", config=reads), connections=[{"source": "a", "targt": "b"}])
    assert problems(unread) == [
        ("missing_field", None, "connections[0].target"),
        ("unknown_field", None, "connections[0].targt"),
    ]
    nameless = document({"type": "transform"}, node("b", config=reads))
    assert problems(nameless) == [("missing_field", None, "nodes[0].id")]
    untyped = document({"id": "a"}, node("b", config=reads), connections=[("a", "b")])
    assert problems(untyped) == [("missing_field", "a", "type")]


def test_a_default_that_stands_in_for_a_fault_makes_no_other() -> None:
    case = document(
        node("a", "wait", config={"seconds": 7_200}),
        node("b", "llm", config={"prompt": "x"}, for_each={"items": [1], "batch_size": 9}, timeout_seconds=0),
        settings={"timeout_seconds": "soon"},
    )
    with pytest.raises(DocumentError) as caught:
        check_document(case, NodeRegistry(BUILTIN_NODES))
    assert [(problem.node, problem.field) for problem in caught.value.problems] == [
        ("b", "timeout_seconds"),
        (None, "settings.timeout_seconds"),
    ]


def test_an_output_that_no_config_has_is_told_beside_a_bad_config() -> None:
    bad = {"set": {"x": 1}, "st": 1}
    fixed = document(node("a", config=bad), node("b"), connections=[leaving("a", "tru", "b")])
    assert problems(fixed) == [
        ("unknown_output", "a", "connections[0].source_output"),
        ("unknown_field", "a", "config.st"),
    ]


def test_connections_are_counted_as_they_stand_in_the_document() -> None:
    case = document(
        node("a"), node("b"), connections=[7, ("a", "b"), ("a", "nobody"), ("a", "b"), ("a", "a")]
    )
    assert problems(case) == [
        ("bad_value", None, "connections[0]"),
        ("unknown_node", None, "connections[2].target"),
        ("self_connection", "a", "connections[4]"),
        ("duplicate_connection", None, "connections[3]"),
    ]
    assert any(message.startswith("connections[1] says the same") for message in messages(case))


def test_a_document_that_is_too_large_is_told_with_what_is_no_json_in_it() -> None:
    case = document(node("a", notes="\ud800"), node("b", name="x" * 1_000_001))
    assert problems(case) == [("lone_surrogate", "a", "notes"), ("document_too_large", None, None)]
