"""The switch node: rules in order, the first that holds decides the way on."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from engine.json_value import JsonObject, JsonValue
from engine.operators import PRESENCE_OPERATORS
from engine.workflow import OUTPUT_PATTERN, OutputName
from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeInputs, NodeOutput, NodeResult
from nodes.condition import (
    Condition,
    check_comparisons,
    check_depth,
    check_shape,
    evaluate_condition,
    find_comparisons,
    find_optional,
)

DEFAULT = "default"
# `error` is where a node with on_error: output leaves when it fails.
RESERVED_OUTPUTS = (DEFAULT, "error")
# More exits than this cannot be drawn at one node.
MAX_RULES = 50


class Rule(Condition):
    """A condition, and the output through which the node leaves when it holds."""

    left_required: ClassVar[bool] = False

    output: OutputName = Field(
        title="Output",
        description="The name of the output. Without left, the rule looks at the switch's value.",
        examples=["urgent"],
        json_schema_extra={"x-expression": False},
    )


class SwitchConfig(NodeConfig):
    """A value, and the rules that look at it."""

    value: Any = Field(
        None,
        title="Value",
        description="What rules without a left of their own look at.",
        examples=["{{ ticket.output.priority }}"],
    )
    rules: tuple[Rule, ...] = Field(
        title="Rules",
        min_length=1,
        max_length=MAX_RULES,
        description="In order: the first that holds decides. When none does: the output default.",
        examples=[[{"output": "urgent", "operator": "equals", "right": "high"}]],
    )


class SwitchOutput(NodeOutput):
    """Which rule decided."""

    output: str = Field(description="The name of the output through which the node left.")
    rule: int | None = Field(description="The position of the rule that held, from 0; null for default.")


class SwitchNode(BaseNode):
    """Leaves through the output of the first rule that holds, or through `default`."""

    type = "switch"
    title = "Switch"
    description = "Goes on one of several ways, by rules that are tried in order."
    category = "flow"
    executor = "core"
    outputs = (DEFAULT,)
    light = True
    reads_inputs = False
    Config = SwitchConfig
    Output = SwitchOutput

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The first rule that holds; NodeError when operands do not fit their operator."""
        for position, rule in enumerate(self.config.rules):
            holds, _ = evaluate_condition(rule, f"config.rules[{position}]", self.config.value)
            if holds:
                return self.create_result(rule.output, output_name=rule.output, rule=position)
        return self.create_result(DEFAULT, output_name=DEFAULT, rule=None)

    @classmethod
    def outputs_for(cls, config: JsonObject) -> tuple[str, ...]:
        """One output for each rule, and default."""
        return (*dict.fromkeys(name for _, name in _named(config) if _is_name(name)), DEFAULT)

    @classmethod
    def optional_fields(cls, config: JsonObject) -> tuple[str, ...]:
        """Operands that are asked for presence, the value among them."""
        comparisons = _comparisons(config)
        bare = any(
            part.get("operator") in PRESENCE_OPERATORS and "left" not in part for _, part in comparisons
        )
        return (*find_optional(comparisons), *(("value",) if bare else ()))

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """Outputs that are reserved or named twice, and what is wrong with the conditions."""
        problems: list[tuple[str, str]] = []
        seen: set[str] = set()
        for position, name in _named(config):
            where = f"config.rules[{position}].output"
            if name in RESERVED_OUTPUTS:
                problems.append((where, f"'{name}' is reserved; choose another name"))
            elif name in seen:
                problems.append((where, f"'{name}' is the output of an earlier rule; join them with any"))
            elif isinstance(name, str):
                seen.add(name)
        deep = [problem for rule in _rules(config) for problem in check_depth(rule)]
        return problems + (deep or check_shape(cls.Config, config) + check_comparisons(_comparisons(config)))


def _rules(config: JsonObject) -> list[JsonValue]:
    rules = config.get("rules")
    return rules if isinstance(rules, list) else []


def _named(config: JsonObject) -> list[tuple[int, JsonValue]]:
    return [(i, rule.get("output")) for i, rule in enumerate(_rules(config)) if isinstance(rule, dict)]


def _is_name(name: JsonValue) -> bool:
    return isinstance(name, str) and name != DEFAULT and re.match(OUTPUT_PATTERN, name) is not None


def _comparisons(config: JsonObject) -> list[tuple[str, JsonObject]]:
    return [found for i, rule in enumerate(_rules(config)) for found in find_comparisons(rule, f"rules[{i}]")]
