"""The output node: what an execution gives back."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from engine.json_value import JsonObject, JsonValue, dump_json
from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeInputs, NodeOutput, NodeResult
from nodes.upstream import read_upstream

OutputFormat: TypeAlias = Literal["json", "text", "markdown", "html"]
CONTENT_TYPES = MappingProxyType(
    {
        "json": "application/json",
        "text": "text/plain; charset=utf-8",
        "markdown": "text/markdown; charset=utf-8",
        "html": "text/html; charset=utf-8",
    }
)


class OutputConfig(NodeConfig):
    """What is given back, and as what."""

    value: Any = Field(
        None,
        title="Value",
        description="What to give back. Without value and fields: the output of the node before.",
        examples=["{{ draft.output }}"],
        json_schema_extra={"x-widget": "textarea"},
    )
    fields: dict[str, Any] | None = Field(
        None,
        title="Fields",
        min_length=1,
        max_length=500,  # as many as a form can show
        description="Several values by name, instead of one value.",
        examples=[{"title": "{{ title.output }}", "body": "{{ draft.output }}"}],
        json_schema_extra={"x-widget": "json"},
    )
    format: OutputFormat = Field(
        "json",
        title="Format",
        description="json keeps the value as it is; the others make a text of it. "
        "html is given on unchanged: show it in a sandbox, since what wrote it may be a model.",
        json_schema_extra={"x-widget": "select", "x-expression": False},
    )
    name: str | None = Field(
        None,
        title="Name",
        min_length=1,
        max_length=64,
        description="The name in the execution's output. Empty: the id of the node.",
        examples=["post"],
        json_schema_extra={"x-expression": False},
    )


class OutputOutput(NodeOutput):
    """The value and how to show it."""

    output: Any = Field(description="What is given back.")
    result: Any = Field(description="The same value.")
    format: OutputFormat = Field(description="The format of the config.")
    content_type: str = Field(description="The media type that belongs to the format.")


class OutputNode(BaseNode):
    """Gives a value, or several by name, back as output of the execution."""

    type = "output"
    title = "Output"
    description = "A result of the workflow: data, text, Markdown or HTML."
    category = "flow"
    executor = "core"
    light = True
    Config = OutputConfig
    Output = OutputOutput

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The value in its format; only json keeps a value that is no text."""
        value = self._value(inputs)
        form = self.config.format
        if form != "json" and not isinstance(value, str):
            value = "" if value is None else dump_json(value)
        return self.create_result(value, result=value, format=form, content_type=CONTENT_TYPES[form])

    def _value(self, inputs: NodeInputs) -> JsonValue:
        given = self.config.model_fields_set
        if self.config.fields is not None:
            return self.config.fields
        return self.config.value if "value" in given else read_upstream(inputs)

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """A config with both value and fields, of which one would be lost."""
        if config.get("value") is not None and config.get("fields") is not None:
            return [("config.fields", "stands beside value; keep one of the two")]
        return []
