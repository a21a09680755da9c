from __future__ import annotations

import pytest

from engine.errors import NodeConfigError, NodeError
from engine.expression import Scope, resolve
from nodes.switch_node import SwitchNode
from tests.unit.nodes.light_node_bench import check_light_node, run_node

CONFIG = {
    "value": "high",
    "rules": [
        {"output": "low", "operator": "equals", "right": "low"},
        {"output": "urgent", "operator": "in", "right": ["high", "highest"]},
        {"output": "also", "operator": "equals", "right": "high"},
        {"output": "own", "left": 3, "operator": "greater", "right": 2},
        {"output": "both", "all": [{"left": 1, "operator": "equals", "right": 1}]},
    ],
}


def test_a_switch_node_keeps_the_contract() -> None:
    check_light_node(SwitchNode)


@pytest.mark.parametrize(
    ("rules", "output", "rule"),
    [
        (CONFIG["rules"], "urgent", 1),
        (CONFIG["rules"][3:], "own", 0),
        (CONFIG["rules"][4:], "both", 0),
        (CONFIG["rules"][:1], "default", None),
    ],
)
def test_the_first_rule_that_holds_decides(rules: list[object], output: str, rule: int | None) -> None:
    found = run_node(SwitchNode, {"value": "high", "rules": rules})
    assert found == (output, {"output": output, "rule": rule})


@pytest.mark.parametrize(
    ("config", "outputs"),
    [
        (CONFIG, ("low", "urgent", "also", "own", "both", "default")),
        ({}, ("default",)),
        ({"rules": "{{ rules }}"}, ("default",)),
        (
            {"rules": [{"output": "a"}, {"output": "a"}, {"output": 5}, 7, {"output": "{{ b }}"}]},
            ("a", "default"),
        ),
        ({"rules": [{"output": "default"}]}, ("default",)),
    ],
)
def test_outputs_follow_the_rules(config: dict[str, object], outputs: tuple[str, ...]) -> None:
    assert SwitchNode.outputs_for(config) == outputs


def test_types_that_do_not_fit_name_the_rule() -> None:
    with pytest.raises(NodeError) as raised:
        run_node(SwitchNode, {"value": 5, "rules": CONFIG["rules"]})
    assert str(raised.value) == (
        "config.rules[0]: operator 'equals' compares a number with a string, which are never equal; "
        "convert one, with to_number(…) or to_string(…)"
    )
    assert raised.value.field == "config.rules[0].right"


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        (CONFIG["rules"], []),
        (
            [CONFIG["rules"][0], CONFIG["rules"][0]],
            [("config.rules[1].output", "'low' is the output of an earlier rule; join them with any")],
        ),
        (
            [{**CONFIG["rules"][0], "output": "default"}, {**CONFIG["rules"][0], "output": "error"}],
            [
                ("config.rules[0].output", "'default' is reserved; choose another name"),
                ("config.rules[1].output", "'error' is reserved; choose another name"),
            ],
        ),
        (
            [{"output": "a"}],
            [("config.rules[0]", "a condition has one of operator, all, any and not; this has none")],
        ),
        ([{"output": "a", "operator": "equals"}], [("config.rules[0]", "operator 'equals' needs right")]),
        (
            [{"output": "a", "any": [{"operator": "exists"}]}],
            [("config.rules[0].any[0]", "operator 'exists' needs left")],
        ),
        (
            [{"output": "a", "operator": "matches", "right": "["}],
            [
                (
                    "config.rules[0].right",
                    "the pattern is not understood at character 2: a class is not closed with ']'",
                )
            ],
        ),
    ],
)
def test_problems_of_the_rules(rules: list[object], problems: list[tuple[str, str]]) -> None:
    assert SwitchNode.check_config({"value": "{{ v }}", "rules": rules}) == problems


@pytest.mark.parametrize("name", ["", "1st", "a.b", "x" * 64, "ü"])
def test_an_output_is_a_plain_name(name: str) -> None:
    rule = {"output": name, "operator": "equals", "right": 1}
    with pytest.raises(NodeConfigError, match=r"rules\.0\.output: "):
        SwitchNode({"value": 1, "rules": [rule]})
    assert SwitchNode.outputs_for({"rules": [rule]}) == ("default",)


def test_a_value_that_is_asked_for_presence_may_be_missing() -> None:
    config = {
        "value": "{{ a.output.tag }}",
        "rules": [
            {"output": "none", "operator": "empty"},
            {"output": "own", "left": "{{ a.output.x }}", "operator": "exists"},
        ],
    }
    assert sorted(SwitchNode.optional_fields(config)) == ["rules[1].left", "value"]
    resolved = resolve(config, Scope(), optional=SwitchNode.optional_fields(config))
    assert run_node(SwitchNode, resolved) == ("none", {"output": "none", "rule": 0})
    assert SwitchNode.optional_fields(CONFIG) == ()
