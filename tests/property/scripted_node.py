"""Node types that do what their config says: leave here, fail so often, take so many polls."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from engine.errors import NodeError, NodeTimeoutError, RetryableNodeError
from engine.json_value import JsonObject, digest
from engine.node import BaseNode, NodeConfig, NodeContext, NodeInputs, NodeResult
from engine.registry import NodeRegistry

_LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function"
TARGETS = {name: f"{_LAMBDA}:{name}" for name in ("custom", "finish", "core", "flow")}


def make_output(node_id: str, index: int | None, sees: object, inputs: dict[str, object]) -> str:
    """What a scripted node makes: a word that tells apart every node, item, text seen and input."""
    return f"{node_id}-{digest([node_id, index, sees, inputs])[:8]}"


class Script(NodeConfig):
    failures: int = Field(0, description="Attempts that fail before one succeeds.")
    overruns: int = Field(0, description="Attempts that take too long before one does not.")
    dies: bool = False
    dies_on: tuple[int, ...] = Field((), description="Items that fail for good.")
    polls: int = Field(0, description="Questions that are answered with: not yet.")
    leaves: str = "main"
    sees: Any = None


class ActNode(BaseNode):
    type = "act"
    Config = Script

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        if self.config.dies or context.item_index in self.config.dies_on:
            raise NodeError("as the script says")
        if context.attempt <= self.config.overruns:
            raise NodeTimeoutError("as the script says")
        if context.attempt <= self.config.failures:
            raise RetryableNodeError("as the script says")
        seen = {source: result["output"] for source, result in inputs.items()}
        output = make_output(context.node_id, context.item_index, self.config.sees, seen)
        if self.config.polls:
            return NodeResult.pending(1, {"left": self.config.polls - 1, "output": output})
        return self.create_result(output, output_name=self.config.leaves)


class PollNode(ActNode):
    type = "poll"
    polls = True

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        if state["left"]:
            return NodeResult.pending(1, {**state, "left": state["left"] - 1})
        return self.create_result(state["output"])


class BranchScript(Script):
    leaves: Literal["left", "right"] = "left"


class BranchNode(ActNode):
    type = "branch"
    outputs = ("left", "right")
    Config = BranchScript


class QuickNode(ActNode):
    type = "quick"
    light = True


class ListingNode(BaseNode):
    """Hands on what it sees."""

    type = "listing"
    Config = Script

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        return self.create_result(self.config.sees)


class ChooseNode(BranchNode):
    type = "choose"
    light = True


def make_registry() -> NodeRegistry:
    """A registry of the scripted types."""
    registry = NodeRegistry()
    for node_type in (ActNode, PollNode, BranchNode, QuickNode, ChooseNode, ListingNode):
        registry.register(node_type)
    return registry
