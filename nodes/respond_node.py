"""The respond node: what the webhook that started the execution answers."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from engine.json_value import JsonObject
from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeInputs, NodeOutput, NodeResult
from nodes.http_header import check_header_name, check_header_value
from nodes.upstream import read_upstream

# As many as a form can show.
MAX_HEADERS = 50
# The API answers on the same origin: a webhook must not set its callers' cookies there.
_REFUSED = frozenset({"set-cookie", "set-cookie2"})


class RespondConfig(NodeConfig):
    """Status, headers and body of the answer."""

    status: int = Field(
        200, ge=200, le=599, title="Status", description="HTTP status of the answer.", examples=[201]
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        max_length=MAX_HEADERS,
        title="Headers",
        description="Headers of the answer, by name.",
        examples=[{"Location": "https://example.com/orders/{{ order.output.id }}"}],
        json_schema_extra={"x-widget": "json"},
    )
    body: Any = Field(
        None,
        title="Body",
        description="A text is sent as it is, everything else as JSON. Without it: the output of the node "
        "before.",
        examples=[{"ok": True, "id": "{{ order.output.id }}"}],
        json_schema_extra={"x-widget": "json"},
    )

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if check_header_name(name).lower() in _REFUSED:
                raise ValueError(f"header '{name}' would set cookies of the API's own address")
        return {name: check_header_value(value) for name, value in headers.items()}


class RespondOutput(NodeOutput):
    """The answer."""

    output: Any = Field(description="The body.")
    status: int = Field(description="HTTP status of the answer.")
    headers: dict[str, str] = Field(description="Headers of the answer.")


class RespondNode(BaseNode):
    """Answers the webhook whose trigger says `respond`: as soon as this node ran, while others go on."""

    type = "respond"
    title = "Respond"
    description = "What the webhook that started the execution answers: status, headers, body."
    category = "flow"
    executor = "core"
    light = True
    Config = RespondConfig
    Output = RespondOutput

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The answer, for the webhook to send; an execution that no webhook started just records it."""
        body = self.config.body if "body" in self.config.model_fields_set else read_upstream(inputs)
        return self.create_result(body, status=self.config.status, headers=dict(self.config.headers))

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """Header names that no answer may carry; values may be expressions and are checked when it runs."""
        headers = config.get("headers")
        problems: list[tuple[str, str]] = []
        for name in headers if isinstance(headers, dict) else ():
            try:
                RespondConfig(headers={name: "x"})
            except ValueError as error:
                problems.append((f"config.headers.{name}", str(error).splitlines()[2].strip()))
        return problems
