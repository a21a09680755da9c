from __future__ import annotations

import pytest

from engine.errors import NodeError
from engine.node import MISSING
from nodes.input_node import InputNode
from tests.unit.nodes.light_node_bench import check_light_node, run_node


def test_an_input_node_keeps_the_contract() -> None:
    check_light_node(InputNode)


def test_an_input_node_gives_the_value_of_the_execution() -> None:
    found = run_node(InputNode, {"name": "topic"}, execution_inputs={"topic": "Tea", "other": 1})
    assert found == ("main", {"output": "Tea", "value": "Tea"})


def test_without_a_name_the_input_is_called_like_the_node() -> None:
    assert run_node(InputNode, {}, execution_inputs={"node": "Tea"}) == (
        "main",
        {"output": "Tea", "value": "Tea"},
    )


@pytest.mark.parametrize(
    ("config", "value", "expected"),
    [
        ({"type": "string"}, "5", "5"),
        ({"type": "string"}, "", ""),
        ({"type": "integer"}, 5, 5),
        ({"type": "integer"}, 0, 0),
        ({"type": "number"}, 5, 5),
        ({"type": "number"}, 1.5, 1.5),
        ({"type": "boolean"}, False, False),
        ({"type": "object"}, {"a": 1}, {"a": 1}),
        ({"type": "array"}, [], []),
        ({"type": "integer", "default": 3}, MISSING, 3),
        ({"type": "integer", "default": 3}, None, 3),
        ({"type": "integer", "default": 3}, 0, 0),
        ({"type": "integer", "default": 3, "required": True}, MISSING, 3),
        ({"type": "boolean", "default": False, "required": True}, MISSING, False),
        ({}, MISSING, None),
        ({}, None, None),
        ({"choices": ["short", "long"]}, "long", "long"),
        ({"type": "integer", "choices": [1, 2]}, 2, 2),
        ({"type": "integer", "minimum": 1, "maximum": 3}, 3, 3),
    ],
)
def test_a_value_that_fits(config: dict[str, object], value: object, expected: object) -> None:
    found = InputNode.check_value({"name": "n", **config}, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("config", "value", "said"),
    [
        ({"required": True}, MISSING, "input 'n' is required; give it a string"),
        ({"required": True, "type": "integer"}, None, "input 'n' is required; give it an integer"),
        ({"type": "string"}, 5, "input 'n' must be a string, and is a number"),
        ({"type": "integer"}, "5", "input 'n' must be an integer, and is a string"),
        ({"type": "integer"}, True, "input 'n' must be an integer, and is a boolean"),
        ({"type": "integer"}, 1.5, "input 'n' must be an integer, and is a number"),
        ({"type": "number"}, True, "input 'n' must be a number, and is a boolean"),
        ({"type": "boolean"}, 1, "input 'n' must be a boolean, and is a number"),
        ({"type": "boolean"}, "true", "input 'n' must be a boolean, and is a string"),
        ({"type": "object"}, [], "input 'n' must be an object, and is an array"),
        ({"type": "array"}, "[]", "input 'n' must be an array, and is a string"),
        ({"choices": ["a", "b"]}, "c", "input 'n' must be one of: 'a', 'b'"),
        ({"type": "integer", "minimum": 1}, 0, "input 'n' must be at least 1"),
        ({"type": "number", "maximum": 0.5}, 0.6, "input 'n' must be at most 0.5"),
        ({"type": "integer", "default": "three"}, MISSING, "input 'n' must be an integer, and is a string"),
    ],
)
def test_a_value_that_does_not_fit(config: dict[str, object], value: object, said: str) -> None:
    with pytest.raises(NodeError) as raised:
        InputNode.check_value({"name": "n", **config}, value)
    assert (str(raised.value), raised.value.field) == (said, "inputs.n")


def test_a_missing_value_fails_the_node_too() -> None:
    with pytest.raises(NodeError, match="input 'topic' is required; give it a string"):
        run_node(InputNode, {"name": "topic", "required": True})


def test_a_config_that_is_broken_is_named() -> None:
    with pytest.raises(NodeError) as raised:
        InputNode.check_value({"type": "date"}, 1)
    assert str(raised.value).startswith("the input node is not set up right: config.type: must be 'string'")


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({"name": "topic", "default": "Tea"}, []),
        ({"type": "integer", "choices": [1, 2], "default": 2, "minimum": 1}, []),
        ({"type": 5}, []),
        ({"name": "item"}, [("config.name", "'item' is reserved in expressions; choose another name")]),
        (
            {"type": "integer", "default": "3"},
            [("config.default", "the default must be an integer, and is a string")],
        ),
        ({"choices": ["a"], "default": "b"}, [("config.default", "the default must be one of: 'a'")]),
        ({"choices": ["a", 1]}, [("config.choices[1]", "the choice must be a string, and is a number")]),
        (
            {"type": "integer", "minimum": 3, "maximum": 1},
            [("config.maximum", "is less than the minimum; no value fits")],
        ),
        ({"minimum": 1}, [("config.minimum", "is for integer and number, not string; remove it")]),
    ],
)
def test_problems_of_the_config(config: dict[str, object], problems: list[tuple[str, str]]) -> None:
    assert InputNode.check_config(config) == problems


def test_all_of_its_config_is_literal() -> None:
    assert InputNode.plain_fields() == set(InputNode.Config.model_fields)
