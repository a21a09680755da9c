"""The wait node: a pause of some seconds, or until a moment; the state machine waits, no function does."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from pydantic import field_validator

from engine.json_value import JsonObject
from engine.moment import parse_moment
from engine.workflow import MAX_TIMEOUT_SECONDS
from nodes.base import (
    BaseNode,
    Field,
    NodeConfig,
    NodeContext,
    NodeError,
    NodeInputs,
    NodeOutput,
    NodeResult,
)

# A standard execution ends after one year, so no wait is longer
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
MAX_WAIT_SECONDS = MAX_TIMEOUT_SECONDS
# The function that asks whether the moment has come may run on another machine than the one that set it.
CLOCK_SKEW_SECONDS = 0.5


class WaitConfig(NodeConfig):
    """How long, or until when; one of the two."""

    seconds: float | None = Field(
        None,
        ge=0,
        le=MAX_WAIT_SECONDS,
        title="Seconds",
        description="How long to wait; parts of a second are rounded up. A year at most.",
        examples=[30, "{{ delay.output }}"],
    )
    until: str | None = Field(
        None,
        title="Until",
        description="Until when, as an ISO 8601 date and time; without an offset in UTC. "
        "A moment that has passed is not waited for.",
        examples=["2030-01-31T09:00:00+01:00", "{{ order.output.due_at }}"],
    )

    @field_validator("until")
    @classmethod
    def _check_moment(cls, until: str | None) -> str | None:
        if until is not None:
            parse_moment(until)
        return until


class WaitOutput(NodeOutput):
    """When it went on."""

    output: str = Field(description="The moment that was waited for, as ISO 8601 in UTC.")
    waited_seconds: int = Field(description="Seconds that the state machine was asked to wait.")


class WaitNode(BaseNode):
    """Waits. What is kept meanwhile is the moment that the wait ends."""

    type = "wait"
    title = "Wait"
    description = "Waits some seconds, or until a moment. Nothing runs, and nothing is paid, meanwhile."
    category = "flow"
    executor = "core"
    polls = True
    reads_inputs = False
    # The longest wait, and a day for what stands around it: the wait's own length is what bounds it.
    default_timeout_seconds = MAX_WAIT_SECONDS + 86_400
    Config = WaitConfig
    Output = WaitOutput
    config: WaitConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Pending until the moment; NodeError when it is further away than a year."""
        until = self._moment(context)
        seconds = _seconds_until(until, context)
        if seconds > MAX_WAIT_SECONDS:
            raise NodeError(
                f"{until.isoformat()} is {seconds:,} s away, and an execution ends after one year "
                f"({MAX_WAIT_SECONDS:,} s); start a workflow by a schedule instead",
                field="config.until",
            )
        return self._go_on(until, seconds, seconds)

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        """Go on once the moment has come: a Task that was delivered twice has not waited."""
        until = parse_moment(str(state["until"]))
        return self._go_on(until, _seconds_until(until, context), int(state["seconds"]))

    def _moment(self, context: NodeContext) -> datetime:
        if (self.config.seconds is None) == (self.config.until is None):
            raise NodeError(_ONE_OF_TWO, field="config")
        if self.config.until is not None:
            return parse_moment(self.config.until)
        return context.now + timedelta(seconds=math.ceil(self.config.seconds or 0))

    def _go_on(self, until: datetime, left: int, seconds: int) -> NodeResult:
        """The end of the wait, or the rest of it."""
        if left > 0:
            return NodeResult.pending(left, {"until": until.isoformat(), "seconds": seconds})
        return self.create_result(until.isoformat(), waited_seconds=max(0, seconds))

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """Both, or neither, of seconds and until."""
        given = [name for name in ("seconds", "until") if config.get(name) is not None]
        return [] if len(given) == 1 else [("config", _ONE_OF_TWO)]

    @classmethod
    def longest_wait_seconds(cls, config: JsonObject) -> float | None:
        """The seconds, where they are written out."""
        seconds = config.get("seconds")
        return seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None


_ONE_OF_TWO = "give either seconds or until, and not both"


def _seconds_until(until: datetime, context: NodeContext) -> int:
    return math.ceil((until - context.now).total_seconds() - CLOCK_SKEW_SECONDS)
