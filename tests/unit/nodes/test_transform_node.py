from __future__ import annotations

import copy

import pytest

from engine.errors import ExpressionError, NodeConfigError, NodeError
from nodes.transform_node import TransformNode
from tests.unit.nodes.light_node_bench import check_light_node, run_node

ORDER = {"price": 3, "quantity": 2, "customer": {"mail": "a@b.c", "age": 40}}


def test_a_transform_node_keeps_the_contract() -> None:
    check_light_node(TransformNode)
    assert TransformNode.plain_fields() == {"compute", "rename", "keep", "drop"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ORDER),
        ({"set": {"new": None}}, {**ORDER, "new": None}),
        ({"set": {"a.b.c": 1}}, {**ORDER, "a": {"b": {"c": 1}}}),
        ({"set": {"customer.age": 41}}, {**ORDER, "customer": {"mail": "a@b.c", "age": 41}}),
        ({"compute": {"total": "multiply(price, quantity)"}}, {**ORDER, "total": 6}),
        ({"compute": {"all": "@"}, "keep": ["all.price"]}, {"all": {"price": 3}}),
        ({"compute": {"price": "quantity", "quantity": "price"}}, {**ORDER, "price": 2, "quantity": 3}),
        ({"set": {"rate": 2}, "compute": {"x": "multiply(price, rate)"}, "keep": ["x"]}, {"x": 6}),
        ({"compute": {"x": "discount || `0`"}, "keep": ["x"]}, {"x": 0}),
        ({"rename": {"price": "quantity", "quantity": "price"}}, {**ORDER, "price": 2, "quantity": 3}),
        ({"rename": {"customer.mail": "email", "gone": "x"}, "drop": ["customer"]},
         {"price": 3, "quantity": 2, "email": "a@b.c"}),
        ({"keep": ["customer.mail", "gone", "price.x"]}, {"customer": {"mail": "a@b.c"}}),
        ({"keep": []}, {}),
        ({"drop": ["customer.mail", "price", "gone.x", "quantity.x"]},
         {"quantity": 2, "customer": {"age": 40}}),
    ],
)  # fmt: skip
def test_an_object_and_each_object_of_a_list_are_changed(change: dict[str, object], expected: object) -> None:
    before = copy.deepcopy(ORDER)
    assert run_node(TransformNode, {"value": ORDER, **change}) == ("main", {"output": expected})
    assert run_node(TransformNode, {"value": [ORDER, ORDER], **change}) == (
        "main",
        {"output": [expected, expected]},
    )
    assert before == ORDER


@pytest.mark.parametrize("value", [None, 5, "text", [1, "a"], {}])
def test_without_changes_any_value_passes(value: object) -> None:
    assert run_node(TransformNode, {"value": value}) == ("main", {"output": value})


def test_without_a_value_it_works_on_what_came_before() -> None:
    found = run_node(TransformNode, {"drop": ["a"]}, {"x": {"output": {"a": 1, "b": 2}, "status": 200}})
    assert found == ("main", {"output": {"b": 2}})


def test_the_first_node_of_a_workflow_begins_with_an_empty_object() -> None:
    assert run_node(TransformNode, {"set": {"a.b": 1}}) == ("main", {"output": {"a": {"b": 1}}})


@pytest.mark.parametrize(
    ("config", "said", "field"),
    [
        (
            {"value": [{}, 5], "set": {"a": 1}},
            "config.value: object 1 of the list is a number; fields are changed on objects alone",
            "config.value",
        ),
        (
            {"value": None, "keep": []},
            "config.value: the value is null; fields are changed on objects alone",
            "config.value",
        ),
        (
            {"value": [{"a": 1}], "set": {"a.b": 1}},
            "object 0 of the list: config.set: cannot set 'a.b': 'a' is a number, not an object",
            "config.set",
        ),
    ],
)
def test_what_cannot_be_changed_is_named(config: dict[str, object], said: str, field: str) -> None:
    with pytest.raises(NodeError) as raised:
        run_node(TransformNode, config)
    assert (str(raised.value), raised.value.field) == (said, field)


def test_a_computed_field_that_fails_names_its_object() -> None:
    with pytest.raises(ExpressionError) as raised:
        run_node(TransformNode, {"value": [ORDER, {"price": 1}], "compute": {"t": "add(price, quantity)"}})
    assert str(raised.value) == (
        "object 1 of the list: config.compute.t: 'add(price, quantity)': "
        "the value has no 'quantity'; there is: price"
    )
    assert raised.value.field == "config.compute.t"


def test_computed_fields_of_a_long_list_share_their_steps() -> None:
    rows = [{"n": "a" * 100_000}] * 6_000
    with pytest.raises(ExpressionError, match="it takes more than 10,000,000 steps"):
        run_node(TransformNode, {"value": rows, "compute": {"m": "starts_with(n, n)"}})


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "x" * 201, ".".join("a" * 21)])
def test_a_path_is_names_with_dots(path: str) -> None:
    with pytest.raises(NodeConfigError):
        TransformNode({"value": {}, "drop": [path]})


def test_problems_of_computed_fields() -> None:
    assert TransformNode.check_config({"compute": {"a": "add(x, y)", "b": "add(x)", "c": "x."}}) == [
        ("config.compute.b", "add() takes 2 arguments, not 1"),
        ("config.compute.c", "the expression ends too early; something is missing after its last character"),
    ]
    assert TransformNode.check_config({"compute": "{{ x }}"}) == []
    assert TransformNode.check_config({}) == []
