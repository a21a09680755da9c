"""Small node types that compiler tests compile: each shows one trait of the contract."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from engine.json_value import JsonObject
from engine.node import BaseNode, NodeConfig, NodeContext, NodeInputs, NodeResult
from engine.registry import NodeRegistry
from engine.workflow import Retry

_LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:mini-n8n"
TARGETS = {name: f"{_LAMBDA}-{name}" for name in ("core", "http", "ai", "custom", "flow", "finish")}


class Plain(BaseNode):
    executor = "core"
    light = True

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        return self.create_result(output=None)


class InputConfig(NodeConfig):
    name: str
    default: Any = None


class InputNode(Plain):
    type = "input"
    Config = InputConfig


class OutputConfig(NodeConfig):
    value: Any = None
    format: Literal["json", "text"] = "json"


class OutputNode(Plain):
    type = "output"
    Config = OutputConfig


class RespondNode(OutputNode):
    type = "respond"


class TransformConfig(NodeConfig):
    set: dict[str, Any] = Field(default_factory=dict)
    count: int = Field(1, ge=1)


class TransformNode(Plain):
    type = "transform"
    Config = TransformConfig


class HttpBodyConfig(NodeConfig):
    mode: Literal["json", "text"]
    value: Any = None


class HttpConfig(NodeConfig):
    url: str
    retries: int | None = Field(None, ge=0)
    body: HttpBodyConfig | None = None
    headers: dict[str, str | int] = Field(default_factory=dict)
    raw: str = Field("", max_length=10, json_schema_extra={"x-expression": False})


class HttpNode(Plain):
    type = "http"
    executor = "http"
    light = False
    Config = HttpConfig
    default_retry = Retry(max_attempts=4, interval_seconds=2, max_interval_seconds=30)

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        url = config["url"]
        return [] if url.startswith(("http", "{{")) else [("url", "must begin with http")]


class ConditionalConfig(NodeConfig):
    left: Any = None


class ConditionalNode(Plain):
    type = "conditional"
    outputs = ("true", "false")
    Config = ConditionalConfig


class SwitchConfig(NodeConfig):
    value: Any = None
    cases: list[str] = Field(default_factory=list)


class SwitchNode(Plain):
    type = "switch"
    outputs = ("default",)
    Config = SwitchConfig

    @classmethod
    def outputs_for(cls, config: JsonObject) -> tuple[str, ...]:
        return (*config.get("cases", []), "default")


class PromptConfig(NodeConfig):
    prompt: str = Field(min_length=1)
    size: int | Literal["auto"] = 256


class LlmNode(Plain):
    type = "llm"
    executor = "ai"
    light = False
    default_timeout_seconds = 300
    Config = PromptConfig


class VideoNode(LlmNode):
    type = "video"
    polls = True
    default_timeout_seconds = 1_800

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        return self.create_result(output=None)


class ApprovalNode(VideoNode):
    type = "approval"
    executor = "custom"
    wakes = True


class OnceNode(Plain):
    type = "acme.once"
    executor = "custom"
    light = False
    default_retry = Retry(max_attempts=1)


NODE_TYPES: tuple[type[BaseNode], ...] = (
    InputNode,
    OutputNode,
    RespondNode,
    TransformNode,
    HttpNode,
    ConditionalNode,
    SwitchNode,
    LlmNode,
    VideoNode,
    ApprovalNode,
    OnceNode,
)


def make_registry() -> NodeRegistry:
    """A registry of these types alone."""
    registry = NodeRegistry()
    for node_type in NODE_TYPES:
        registry.register(node_type)
    return registry
