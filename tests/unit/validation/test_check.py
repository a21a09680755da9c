from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import DocumentError
from engine.validation import check_document
from tests.golden.node_types import make_registry

REGISTRY = make_registry()
LINK = "connections[0]"
Told = tuple[str, str | None, str | None]


def problems(document: Any) -> list[Told]:
    with pytest.raises(DocumentError) as caught:
        check_document(document, REGISTRY)
    return [(problem.code, problem.node, problem.field) for problem in caught.value.problems]


def messages(document: Any) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        check_document(document, REGISTRY)
    return [problem.message for problem in caught.value.problems]


def document(*nodes: dict[str, Any], connections: list[Any] | None = None, **rest: Any) -> dict[str, Any]:
    links = [
        {"source": link[0], "target": link[1]} if isinstance(link, tuple) else link
        for link in connections or []
    ]
    return {"name": "w", "nodes": list(nodes), "connections": links, **rest}


def node(node_id: str, node_type: str = "transform", **fields: Any) -> dict[str, Any]:
    return {"id": node_id, "type": node_type, **fields}


def leaving(source: str, output: str, target: str) -> dict[str, Any]:
    return {"source": source, "source_output": output, "target": target}


def config(node_type: str, **values: Any) -> dict[str, Any]:
    return document(node("a", node_type, config=values))


GOOD = document(
    node("topic", "input", config={"name": "topic"}),
    node("draft", "llm", config={"prompt": "About {{ topic.output }} and {{ other || 'none' }}"}),
    node("check", "conditional", config={"left": "{{ draft.output }}"}),
    node("post", "output", config={"value": "{{ draft.output }}"}),
    node("other_input", "input", config={"name": "other"}),
    connections=[
        ("topic", "draft"),
        ("draft", "check"),
        {"source": "check", "source_output": "true", "target": "post"},
    ],
)


def test_a_good_document_becomes_a_workflow() -> None:
    workflow = check_document(GOOD, REGISTRY)
    assert [n.id for n in workflow.nodes] == ["topic", "draft", "check", "post", "other_input"]
    assert workflow.as_document() == GOOD


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ([], ("not_an_object", None, None)),
        ({"name": "w", "nodes": []}, ("bad_value", None, "nodes")),
        ({"nodes": [node("a")]}, ("missing_field", None, "name")),
        (document(node("a"), tag=[]), ("unknown_field", None, "tag")),
        (document(node("a", confg={})), ("unknown_field", "a", "confg")),
        (document({"id": "a"}), ("missing_field", "a", "type")),
        (document(node("1a")), ("bad_value", None, "nodes[0].id")),
        (document(node("a", retry={"max_attempts": 0})), ("bad_value", "a", "retry.max_attempts")),
        (document(node("a", retry={"max": 3})), ("unknown_field", "a", "retry.max")),
        (document(node("a", timeout_seconds="soon")), ("bad_value", "a", "timeout_seconds")),
        (
            document(node("a"), connections=[{"source": "a"}]),
            ("missing_field", None, f"{LINK}.target"),
        ),
        (document(node("a", config={"set": {"x": math.nan}})), ("not_a_number", "a", "config.set.x")),
        (document(node("a", config={"set": {"x": 1 << 2000}})), ("number_too_large", "a", "config.set.x")),
        (document(node("a", config={"set": {"x": "\ud800"}})), ("lone_surrogate", "a", "config.set.x")),
        (document(node("a", config={"set": {"\ud800": 1}})), ("bad_key", "a", "config.set.\\ud800")),
        (document(node("a", name="x" * 1_000_001)), ("document_too_large", None, None)),
        (document(node("a"), node("a")), ("duplicate_id", "a", "id")),
        (document(node("inputs")), ("reserved_id", "inputs", "id")),
        (document(node("a", "transfrom")), ("unknown_type", "a", "type")),
        (document(node("a"), connections=[("a", "b")]), ("unknown_node", None, f"{LINK}.target")),
        (document(node("a"), connections=[("a", "a")]), ("self_connection", "a", f"{LINK}")),
        (
            document(node("a"), node("b"), connections=[("a", "b"), ("a", "b")]),
            ("duplicate_connection", None, "connections[1]"),
        ),
        (
            document(
                node("a"), node("b"), connections=[{"source": "a", "source_output": "error", "target": "b"}]
            ),
            ("unknown_output", "a", f"{LINK}.source_output"),
        ),
        (
            document(node("a"), node("b"), connections=[("a", "b"), ("b", "a")]),
            ("cycle", "a", "connections"),
        ),
        (config("llm"), ("missing_field", "a", "config.prompt")),
        (config("llm", prompt="x", promt="y"), ("unknown_field", "a", "config.promt")),
        (config("llm", prompt=7), ("bad_value", "a", "config.prompt")),
        (config("llm", prompt="x", size="big"), ("bad_value", "a", "config.size")),
        (config("http", url="http://x", body={"value": 1}), ("missing_field", "a", "config.body.mode")),
        (config("http", url="http://x", headers={"a": []}), ("bad_value", "a", "config.headers.a")),
        (config("http", url="http://x", raw="{{ far too long }}"), ("bad_value", "a", "config.raw")),
        (config("http", url="ftp://x"), ("bad_value", "a", "config.url")),
        (config("transform", set={"x": "{{ ( }}"}), ("bad_expression", "a", "config.set.x")),
        (config("transform", set={"x": ["{{ nobody.output }}"]}), ("bad_reference", "a", "config.set.x[0]")),
        (config("transform", set={"x": "{{ a.output }}"}), ("bad_reference", "a", "config.set.x")),
        (config("transform", set={"x": "{{ item }}"}), ("bad_reference", "a", "config.set.x")),
        (document(node("a", for_each="{{ item }}")), ("bad_reference", "a", "for_each.items")),
        (document(node("a", "output", for_each=[1])), ("for_each_refused", "a", "for_each")),
        (
            document(node("a", "video", for_each={"items": [1], "batch_size": 2}, config={"prompt": "x"})),
            ("batch_refused", "a", "for_each.batch_size"),
        ),
        (
            document(node("a", "http", for_each={"items": [1], "batch_size": 5}, config={"url": "http://x"})),
            ("batch_refused", "a", "for_each.batch_size"),
        ),
        (document(node("a", for_each=[0] * 10_001)), ("too_many_items", "a", "for_each.items")),
        (
            document(
                node("a", "conditional", for_each=[1]),
                node("b"),
                connections=[{"source": "a", "source_output": "true", "target": "b"}],
            ),
            ("items_not_followed", "b", LINK),
        ),
        (
            document(
                node("a", "conditional", for_each=[1]),
                node("b", for_each="{{ a.output }}", disabled=True),
                connections=[{"source": "a", "source_output": "true", "target": "b"}],
            ),
            ("items_not_followed", "b", LINK),
        ),
        (document(node("a", timeout_seconds=81)), ("timeout_too_long", "a", "timeout_seconds")),
        (
            document(node("a", retry={"interval_seconds": 9, "max_interval_seconds": 5})),
            ("retry_intervals", "a", "retry.max_interval_seconds"),
        ),
        (
            document(node("a", "input", config={"name": "n"}, cache_ttl_seconds=5)),
            ("cache_refused", "a", "cache_ttl_seconds"),
        ),
        (
            document(node("a", "input", config={"name": "n"}), node("b", "input", config={"name": "n"})),
            ("duplicate_input", "b", "config.name"),
        ),
    ],
)
def test_each_problem_is_told_with_its_place(case: Any, told: Told) -> None:
    assert problems(case) == [told]


def test_values_nested_too_deep_are_told_before_anything_else_looks_at_them() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert [code for code, _, _ in problems(document(node("a", config={"set": {"x": deep}})))] == [
        "nested_too_deep"
    ]


def test_a_reference_to_a_node_that_does_not_come_before_says_so() -> None:
    case = document(node("a", config={"set": {"x": "{{ b.output }}"}}), node("b"))
    assert messages(case) == ["node 'b' does not come before 'a'; connect it, directly or through others"]


@pytest.mark.parametrize(
    ("case", "cure"),
    [
        (document(node("a", "transfrom")), "did you mean 'transform'?"),
        (document(node("a", confg={})), "did you mean 'config'?"),
        (document(node("a", retry={"max_attempt": 3})), "did you mean 'max_attempts'?"),
        (config("http", url="http://x", body={"mode": "text", "valeu": 1}), "did you mean 'value'?"),
        (document(node("draft"), connections=[("drat", "draft")]), "did you mean 'draft'?"),
        (
            document(
                node("topic", "input", config={"name": "subject"}),
                node("a", config={"set": {"x": "{{ subjet }}"}}),
            ),
            "did you mean 'subject'?",
        ),
        (
            document(
                node("a", "conditional"),
                node("b"),
                connections=[{"source": "a", "source_output": "tru", "target": "b"}],
            ),
            "did you mean 'true'?",
        ),
        (
            document(
                node("a"), node("b"), connections=[{"source": "a", "source_output": "error", "target": "b"}]
            ),
            "set on_error of 'a' to \"output\"",
        ),
    ],
)
def test_a_message_names_the_cure(case: Any, cure: str) -> None:
    assert [cure in message for message in messages(case)] == [True]


@pytest.mark.parametrize(
    "values",
    [
        {"url": "{{ inputs.url }}"},
        {"url": "http://x", "retries": "{{ inputs.n }}"},
        {"url": "http://x", "body": "{{ inputs.body }}"},
        {"url": "http://x", "body": {"mode": "{{ inputs.mode }}", "value": 1}},
        {"url": "http://x", "headers": {"a": "{{ inputs.a }}"}},
        {"url": "http://x", "headers": "{{ inputs.headers }}"},
        {"url": "http://x", "raw": "{{ x }}"},
    ],
)
def test_a_value_that_is_an_expression_may_turn_out_to_fit(values: dict[str, Any]) -> None:
    assert check_document(config("http", **values), REGISTRY).nodes[0].config == values


def test_what_is_missing_or_unknown_is_told_beside_expressions() -> None:
    case = config(
        "http", body={"value": "{{ inputs.v }}", "extra": "{{ inputs.v }}"}, retries="{{ inputs.n }}"
    )
    assert problems(case) == [
        ("missing_field", "a", "config.url"),
        ("missing_field", "a", "config.body.mode"),
        ("unknown_field", "a", "config.body.extra"),
    ]


def test_problems_of_shape_and_of_graph_are_told_together() -> None:
    case = document(
        node("a", retry={"max_attempts": 99}),
        node("b", "nope", on_error="explode"),
        node("c", for_each={"itms": []}, config={"set": {"x": "{{ item }}"}}),
        {"id": "d"},
        connections=[
            ("a", "c"),
            ("c", "a"),
            ("b", "d"),
            {"source": "b", "source_output": "error", "target": "a"},
        ],
    )
    assert problems(case) == [
        ("bad_value", "a", "retry.max_attempts"),
        ("bad_value", "b", "on_error"),
        ("missing_field", "c", "for_each.items"),
        ("unknown_field", "c", "for_each.itms"),
        ("missing_field", "d", "type"),
        ("unknown_type", "b", "type"),
        ("cycle", "a", "connections"),
    ]


def test_strange_texts_do_not_make_a_problem_that_json_cannot_carry() -> None:
    case = document(node("a", "x" * 64), node("b", **{"\ud800": 1, "y" * 5_000: 2}))
    for message in messages(case):
        message.encode()
        assert len(message) <= 1_000


def test_a_disabled_node_and_an_on_error_output_are_fine() -> None:
    case = document(
        node("a", on_error="output"),
        node("b", disabled=True),
        connections=[
            {"source": "a", "source_output": "error", "target": "b"},
            {"source": "a", "target": "b"},
        ],
    )
    assert len(check_document(case, REGISTRY).connections) == 2


def test_a_polling_node_may_take_longer_than_a_function() -> None:
    case = document(node("a", "video", config={"prompt": "x"}, timeout_seconds=80_000))
    assert check_document(case, REGISTRY).nodes[0].timeout_seconds == 80_000
