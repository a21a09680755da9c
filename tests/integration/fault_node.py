"""Node types that break the function they run in; packed by `packages`, used by `test_fault`.

They stand in a module of their own that imports nothing of the tests: it is sent into a function.
"""

from __future__ import annotations

import io
import os
import signal
from typing import Any, Literal

from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeInputs, NodeResult


class FaultConfig(NodeConfig):
    url: str = Field(description="Called once in each run: the side effect that is counted.")
    fault: Literal["before_storing", "after_storing", "throttled"]
    throttled: int = 0


class FaultNode(BaseNode):
    """Calls its url; then, in its first attempt, breaks as it is told."""

    type = "fault"
    Config = FaultConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        import httpx  # every function loads this module, to look at its types

        async with httpx.AsyncClient() as client:
            calls = (await client.post(self.config.url)).json()["attempt"]
        if context.attempt == 1:
            if self.config.fault == "before_storing":
                die()
            elif self.config.fault == "after_storing":
                die_after_storing()
            else:
                throttle(self.config.throttled)
        return self.create_result({"attempt": context.attempt, "calls": calls})


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_after_storing() -> None:
    """The function ends after the result is stored, and before Step Functions hears of it."""
    from engine.adapters.dynamodb import DynamoExecutionStore

    finish = DynamoExecutionStore.finish_node

    def finish_and_die(self: Any, run: Any) -> None:
        finish(self, run)
        die()

    DynamoExecutionStore.finish_node = finish_and_die  # type: ignore[method-assign]


def throttle(times: int) -> None:
    """DynamoDB refuses the next so many writes of this function."""
    from botocore.awsrequest import AWSResponse

    from functions.bootstrap import bootstrap

    class Body(io.BytesIO):
        def stream(self, **_: object) -> Any:
            yield self.read()

    left = [times]

    def refuse(request: Any, **_: object) -> Any:
        if left[0] <= 0:
            return None
        left[0] -= 1
        told = b'{"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded"}'
        return AWSResponse(request.url, 400, {"Content-Type": "application/x-amz-json-1.0"}, Body(told))

    bootstrap().clients.dynamodb.meta.events.register("before-send.dynamodb.PutItem", refuse)
