"""The transform node: fields of an object, or of each object of a list, set, computed, renamed, chosen."""

from __future__ import annotations

from typing import Any

from engine.expression import Budget, check_expression, evaluate
from engine.json_type import describe_type
from engine.json_value import JsonObject, JsonValue
from engine.node import MISSING
from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeError, NodeInputs, NodeOutput, NodeResult
from nodes.field_path import FieldPath, drop_path, read_path, write_path
from nodes.upstream import read_upstream

# Fields in one list of the config: as many as a form can show.
MAX_FIELDS = 500
# Steps of all computed fields of all objects together: about ten seconds, well inside the node's timeout.
MAX_COMPUTE_STEPS = 10_000_000
_CHANGES = ("set", "compute", "rename", "keep", "drop")


class TransformConfig(NodeConfig):
    """What to work on, and what to do to it, in the order of the fields."""

    value: Any = Field(
        None,
        title="Value",
        description="An object, or a list of objects. Without it: the output of the node before, or {}.",
        examples=["{{ customers.output }}"],
        json_schema_extra={"x-widget": "textarea"},
    )
    set: dict[FieldPath, Any] = Field(
        default_factory=dict,
        title="Set",
        max_length=MAX_FIELDS,
        description="Fields and their new values, the same for each object. Paths have dots.",
        examples=[{"source.run": "{{ execution.id }}"}],
        json_schema_extra={"x-widget": "json"},
    )
    compute: dict[FieldPath, str] = Field(
        default_factory=dict,
        title="Compute",
        max_length=MAX_FIELDS,
        description="Fields and expressions, without braces, of the object itself as it is after set.",
        examples=[{"total": "multiply(price, quantity)"}],
        json_schema_extra={"x-widget": "json", "x-expression": False},
    )
    rename: dict[FieldPath, FieldPath] = Field(
        default_factory=dict,
        title="Rename",
        max_length=MAX_FIELDS,
        description="Old and new paths; fields that an object lacks are passed over.",
        examples=[{"mail": "email"}],
        json_schema_extra={"x-widget": "json", "x-expression": False},
    )
    keep: tuple[FieldPath, ...] | None = Field(
        None,
        title="Keep",
        max_length=MAX_FIELDS,
        description="The only fields to keep, by their new names.",
        examples=[["name", "address.city"]],
        json_schema_extra={"x-widget": "json", "x-expression": False},
    )
    drop: tuple[FieldPath, ...] = Field(
        (),
        title="Drop",
        max_length=MAX_FIELDS,
        description="Fields to leave out, by their new names.",
        examples=[["password"]],
        json_schema_extra={"x-widget": "json", "x-expression": False},
    )


class TransformOutput(NodeOutput):
    """The changed object or list."""

    output: Any = Field(description="The object, or the list of objects in the same order.")


class TransformNode(BaseNode):
    """Changes an object, or each object of a list."""

    type = "transform"
    title = "Transform"
    description = "Sets, computes, renames, keeps and drops fields of an object or of each object of a list."
    category = "data"
    executor = "core"
    light = True
    Config = TransformConfig
    Output = TransformOutput

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The changed value; NodeError names the object and the field that cannot be changed."""
        value = self.config.value if "value" in self.config.model_fields_set else read_upstream(inputs)
        if not any(getattr(self.config, change) for change in _CHANGES) and self.config.keep is None:
            return self.create_result(value)
        if value is None and "value" not in self.config.model_fields_set:
            value = {}  # the first node of a workflow begins with an empty object
        budget = Budget(MAX_COMPUTE_STEPS)
        if isinstance(value, list):
            return self.create_result(
                [self._change(each, f"object {i} of the list", budget) for i, each in enumerate(value)]
            )
        return self.create_result(self._change(value, "the value", budget))

    def _change(self, value: JsonValue, what: str, budget: Budget) -> JsonObject:
        if not isinstance(value, dict):
            raise NodeError(
                f"config.value: {what} is {describe_type(value)}; fields are changed on objects alone",
                field="config.value",
            )
        try:
            return self._change_object(value, budget)
        except NodeError as error:
            error.args = (f"{what}: {error}",)
            raise

    def _change_object(self, value: JsonObject, budget: Budget) -> JsonObject:
        config: TransformConfig = self.config
        for path, new in config.set.items():
            value = write_path(value, path, new, "config.set")
        computed = {
            path: evaluate(expression, value, f"config.compute.{path}", budget)
            for path, expression in config.compute.items()
        }
        for path, new in computed.items():
            value = write_path(value, path, new, "config.compute")
        value = self._rename(value)
        if config.keep is not None:
            value = self._keep(value, config.keep)
        for path in config.drop:
            value = drop_path(value, path)
        return value

    def _rename(self, value: JsonObject) -> JsonObject:
        """All at once, so that two names can be swapped."""
        moved = {new: read_path(value, old) for old, new in self.config.rename.items()}
        for old in self.config.rename:
            value = drop_path(value, old)
        for path, new in moved.items():
            value = value if new is MISSING else write_path(value, path, new, "config.rename")
        return value

    def _keep(self, value: JsonObject, paths: tuple[str, ...]) -> JsonObject:
        kept: JsonObject = {}
        for path in paths:
            found = read_path(value, path)
            kept = kept if found is MISSING else write_path(kept, path, found, "config.keep")
        return kept

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """Computed fields whose expression is none."""
        compute = config.get("compute")
        if not isinstance(compute, dict):
            return []
        expressions = {path: text for path, text in compute.items() if isinstance(text, str)}
        checked = ((f"config.compute.{path}", check_expression(text)) for path, text in expressions.items())
        return [(where, why) for where, why in checked if why is not None]
