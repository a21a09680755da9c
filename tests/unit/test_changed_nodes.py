"""Which results of one version hold in another."""

from __future__ import annotations

from typing import Any

import pytest

from engine.changed_nodes import changed_nodes
from engine.workflow import Workflow
from tests.unit.engine_bench import connect, node

INPUTS = {"who": "x", "other": 1}


def document(*nodes: Any, links: tuple[str, ...] = ("who>a", "a>b", "b>c")) -> Workflow:
    found = {
        "who": node("who", "input", name="who"),
        "other": node("other", "input", name="other"),
        "a": node("a", value="{{who.output}}"),
        "b": node("b", value="{{a.output}}"),
        "c": node("c", value="{{b.output}}"),
        "d": node("d", value="{{inputs.other}}"),
    }
    found |= {one["id"]: one for one in nodes}
    shape = {"name": "W", "nodes": list(found.values()), "connections": connect(*links)}
    return Workflow.model_validate(shape)


OLD = document()


def test_the_same_document_changes_nothing() -> None:
    assert changed_nodes(OLD, OLD, INPUTS, INPUTS) == {}


@pytest.mark.parametrize(
    "more",
    [
        {"retry": {"max_attempts": 5}},
        {"timeout_seconds": 30},
        {"cache_ttl_seconds": 9},
        {"pinned": {"result": {"output": 1}}},
    ],
)
def test_what_decides_no_result_changes_nothing(more: dict[str, Any]) -> None:
    assert changed_nodes(OLD, document(node("a", value="{{who.output}}", **more)), INPUTS, INPUTS) == {}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"value": "{{who.output}}!"}, "its config changed"),
        ({"value": "{{who.output}}", "disabled": True}, "its disabled changed"),
        ({"value": "{{who.output}}", "join": "all", "on_error": "continue"}, "its on_error, join changed"),
        ({"value": "{{who.output}}", "for_each": [1]}, "its for_each changed"),
        ({"type_name": "poll", "value": "{{who.output}}"}, "its type changed"),
    ],
)
def test_a_change_runs_the_node_and_all_after_it(more: dict[str, Any], reason: str) -> None:
    found = changed_nodes(OLD, document(node("a", **more)), INPUTS, INPUTS)
    assert found == {"a": reason, "b": "it comes after 'a'", "c": "it comes after 'b'"}


def test_connections_and_new_nodes_count() -> None:
    links = ("who>a", "a>b", "b>c", "d>c")
    assert changed_nodes(OLD, document(links=links), INPUTS, INPUTS) == {"c": "its connections changed"}
    new = document(node("e", value=1), links=("who>a", "a>b", "b>c", "c>e"))
    assert changed_nodes(OLD, new, INPUTS, INPUTS) == {"e": "it is new"}


def test_an_expression_reads_what_no_connection_brings() -> None:
    far = node("c", value="{{a.output}} {{b.output}}")
    old, new = document(far), document(far, node("b", value="{{a.output}}!"))
    assert changed_nodes(old, new, INPUTS, INPUTS) == {"b": "its config changed", "c": "it comes after 'b'"}


def test_inputs_count_by_their_values() -> None:
    described = document(node("who", "input", name="who", description="Whom to greet"))
    assert changed_nodes(OLD, described, INPUTS, INPUTS) == {}
    renamed = document(node("who", "input", name="whom"))
    assert changed_nodes(OLD, renamed, INPUTS, {"whom": "x", "other": 1}) == {
        "d": "it reads 'inputs', which is another"
    }
    assert changed_nodes(OLD, OLD, INPUTS, INPUTS | {"other": 2}) == {
        "other": "its value is another",
        "d": "it reads 'inputs', which is another",
    }
    assert changed_nodes(OLD, OLD, INPUTS, INPUTS | {"who": "y"}) == {
        "who": "its value is another",
        "a": "it comes after 'who'",
        "b": "it comes after 'a'",
        "c": "it comes after 'b'",
        "d": "it reads 'inputs', which is another",
    }
