from __future__ import annotations

import pytest

from engine.errors import ExpressionError, NodeConfigError, NodeError
from engine.expression import Scope, resolve
from nodes.conditional_node import ConditionalNode
from tests.unit.nodes.light_node_bench import check_light_node, run_node

YES = {"left": 1, "operator": "equals", "right": 1}
NO = {"left": 1, "operator": "equals", "right": 2}


def test_a_conditional_node_keeps_the_contract() -> None:
    check_light_node(ConditionalNode)
    assert ConditionalNode.outputs_for(YES) == ("true", "false")


@pytest.mark.parametrize(
    ("config", "holds", "matched"),
    [
        (YES, True, ["config"]),
        (NO, False, []),
        ({"left": "Hello", "operator": "contains", "right": "HELL", "ignore_case": True}, True, ["config"]),
        ({"left": None, "operator": "not_exists"}, True, ["config"]),
        ({"all": [YES, YES]}, True, ["config.all[0]", "config.all[1]"]),
        ({"all": [YES, NO, YES]}, False, ["config.all[0]"]),
        ({"any": [NO, YES, YES]}, True, ["config.any[1]"]),
        ({"any": [NO, NO]}, False, []),
        ({"not": NO}, True, []),
        ({"not": {"all": [YES, YES]}}, False, ["config.not.all[0]", "config.not.all[1]"]),
        (
            {"all": [{"any": [NO, YES]}, {"not": {"any": [NO]}}]},
            True,
            ["config.all[0].any[1]"],
        ),
    ],
)
def test_a_condition_decides(config: dict[str, object], holds: bool, matched: list[str]) -> None:
    name = "true" if holds else "false"
    assert run_node(ConditionalNode, config) == (name, {"output": holds, "matched": matched})


def test_a_group_stops_before_a_comparison_that_would_fail() -> None:
    guarded = {
        "all": [{"left": None, "operator": "exists"}, {"left": None, "operator": "greater", "right": 5}]
    }
    assert run_node(ConditionalNode, guarded) == ("false", {"output": False, "matched": []})


def test_types_that_do_not_fit_name_the_comparison() -> None:
    config = {"all": [YES, {"any": [{"left": "7", "operator": "greater", "right": 5}]}]}
    with pytest.raises(NodeError) as raised:
        run_node(ConditionalNode, config)
    assert raised.value.field == "config.all[1].any[0].left"
    assert str(raised.value) == (
        "config.all[1].any[0]: operator 'greater' takes a number on the left, and was given a string; "
        "convert it with to_number(…), or compare dates with before and after"
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "a condition has one of operator, all, any and not; this has none"),
        ({"left": 1}, "a condition has one of operator, all, any and not; this has none"),
        (
            {**YES, "all": [YES]},
            "a condition has one of operator, all, any and not; this has operator and all",
        ),
        ({"operator": "exists"}, "operator 'exists' needs left"),
        ({"left": 1, "operator": "greater"}, "operator 'greater' needs right"),
    ],
)
def test_a_condition_has_one_form(config: dict[str, object], said: str) -> None:
    with pytest.raises(NodeConfigError, match=said):
        ConditionalNode(config)
    assert ConditionalNode.check_config(config) == [("config", said)]


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        (YES, []),
        ({"left": "{{ a }}", "operator": "matches", "right": "{{ b }}"}, []),
        (
            {"any": [{"left": "a", "operator": "matches", "right": "(a"}]},
            [
                (
                    "config.any[0].right",
                    "the pattern is not understood at character 3: a group is not closed with ')'",
                )
            ],
        ),
        (
            {"left": 1, "operator": "type_is", "right": "text"},
            [("config.right", "must be one of string, integer, number, boolean, object, array, null")],
        ),
        (
            {"all": [{"not": {"left": 1}}]},
            [("config.all[0].not", "a condition has one of operator, all, any and not; this has none")],
        ),
        ({"all": "everything", "not": 5, "any": [3]}, []),
    ],
)
def test_problems_of_the_config(config: dict[str, object], problems: list[tuple[str, str]]) -> None:
    assert ConditionalNode.check_config(config) == problems


def test_groups_that_are_nested_too_deep() -> None:
    config = YES
    for _ in range(10):
        config = {"not": config}
    assert ConditionalNode.check_config(config) == []
    assert run_node(ConditionalNode, config)[0] == "true"
    for _ in range(100_000):
        config = {"all": [config]}
    assert ConditionalNode.check_config(config) == [("config", "groups are nested deeper than 10 levels")]
    assert ConditionalNode.optional_fields(config) == ()


def test_what_is_asked_for_presence_may_be_missing() -> None:
    config = {
        "all": [
            {"left": "{{ a.output.tag }}", "operator": "exists"},
            {"left": "{{ a.output.tag }}", "operator": "equals", "right": "x"},
            {"not": {"left": 1, "operator": "less", "right": "{{ a.output.tag }}"}},
            {"left": "{{ a.output.other }}", "operator": "equals", "right": "x"},
        ]
    }
    optional = ConditionalNode.optional_fields(config)
    assert sorted(optional) == ["all[0].left", "all[1].left", "all[2].not.right"]
    scope = Scope(results={"a": {"output": {"other": "x"}}})
    assert run_node(ConditionalNode, resolve(config, scope, optional=optional))[0] == "false"
    with pytest.raises(ExpressionError, match=r"config\.all\[3\]\.left: .* has no 'other'"):
        resolve(config, Scope(results={"a": {"output": {"tag": "x"}}}), optional=optional)


def test_the_simple_form_asks_for_presence() -> None:
    config = {"left": "{{ skipped.output }}", "operator": "exists"}
    resolved = resolve(config, Scope(), optional=ConditionalNode.optional_fields(config))
    assert run_node(ConditionalNode, resolved) == ("false", {"output": False, "matched": []})
