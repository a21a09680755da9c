"""The conditional node: one question, two ways on."""

from __future__ import annotations

from engine.json_value import JsonObject
from nodes.base import BaseNode, Field, NodeContext, NodeInputs, NodeOutput, NodeResult
from nodes.condition import (
    Condition,
    check_comparisons,
    check_depth,
    check_shape,
    evaluate_condition,
    find_comparisons,
    find_optional,
)


class ConditionalConfig(Condition):
    """A comparison, or a group of conditions: which way on."""


class ConditionalOutput(NodeOutput):
    """The answer."""

    output: bool = Field(description="Whether the condition holds.")
    matched: list[str] = Field(description="Paths of the comparisons that were looked at and hold.")


class ConditionalNode(BaseNode):
    """Leaves through `true` when its condition holds, and through `false` when it does not."""

    type = "conditional"
    title = "Conditional"
    description = "Goes on one way when a condition holds, and another way when it does not."
    category = "flow"
    executor = "core"
    outputs = ("true", "false")
    light = True
    reads_inputs = False
    Config = ConditionalConfig
    Output = ConditionalOutput

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The answer; NodeError when operands do not fit their operator."""
        holds, matched = evaluate_condition(self.config)
        return self.create_result(holds, output_name="true" if holds else "false", matched=matched)

    @classmethod
    def optional_fields(cls, config: JsonObject) -> tuple[str, ...]:
        """Operands that are asked for presence."""
        return find_optional(list(find_comparisons(config)))

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """A condition with no form or two, groups too deep, a pattern or type that is none."""
        return check_depth(config) or check_shape(cls.Config, config) + check_comparisons(
            list(find_comparisons(config))
        )
