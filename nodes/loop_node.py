"""The loop node: runs a workflow again and again, each round after the one before; no function waits."""

from __future__ import annotations

import asyncio
from typing import Any

from engine.json_type import describe_type
from engine.json_value import JsonObject, JsonValue
from nodes.base import (
    BaseNode,
    ChildExecution,
    Field,
    NodeConfig,
    NodeContext,
    NodeError,
    NodeInputs,
    NodeOutput,
    NodeResult,
    WorkflowReference,
)
from nodes.child_run import WorkflowId, WorkflowVersion, child_failure, read_reference, wait_for_child

# A round writes 13 events into a history that holds 25,000
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html); the rest is the workflow's.
MAX_ROUNDS = 1_000
MAX_BATCH = 10_000
# Results of rounds that are read at the same time, at the end.
READS_AT_ONCE = 16


class LoopConfig(NodeConfig):
    """What is repeated, with which inputs, how often, and until when."""

    workflow_id: WorkflowId
    version: WorkflowVersion = "live"
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        title="Inputs",
        description="Values of its input nodes, made anew for each round. Expressions know `round.index` "
        "(from 0), `round.last` (the output of the round before; null at first), `round.item` and "
        "`round.items` (the first of the batch, and all of it).",
        examples=[{"page": "{{ round.index }}", "cursor": "{{ round.last.cursor }}"}],
        json_schema_extra={"x-widget": "json"},
    )
    items: list[Any] | None = Field(
        None,
        title="Items",
        description="A list that is gone through in batches, a round for each. Without it: `times`.",
        examples=["{{ rows.output }}"],
        json_schema_extra={"x-widget": "json"},
    )
    batch_size: int = Field(1, ge=1, le=MAX_BATCH, title="Batch size", description="Items of one round.")
    times: int | None = Field(
        None,
        ge=0,
        le=MAX_ROUNDS,
        title="Times",
        description="How many rounds at most; without `until`, so many.",
        examples=[10],
    )
    until: str | None = Field(
        None,
        title="Until",
        description="An expression of true or false, asked after each round: true ends the loop. Here "
        "`round.last` is the output of that round.",
        examples=["{{ round.last.done }}"],
    )


class LoopOutput(NodeOutput):
    """What the rounds put out."""

    output: list[Any] = Field(description="The outputs of the rounds, in order.")
    last: Any = Field(description="The output of the last round; null without any.")
    count: int = Field(description="How many rounds there were.")
    ended_by: str = Field(description="until, times or items: what ended the loop.")
    execution_ids: list[str] = Field(description="The executions that ran the rounds.")


class LoopNode(BaseNode):
    """Starts an execution for a round, waits for its end, and starts the next with what it gave."""

    type = "loop"
    title = "Loop"
    description = (
        "Runs a workflow again and again: so many times, until a condition holds, or for batches of a list."
    )
    category = "flow"
    executor = "flow"
    polls = True
    wakes = True
    reads_inputs = False
    late_fields = ("inputs", "until")
    default_timeout_seconds = (
        31_536_000  # as long as an execution may take: each round has a limit of its own
    )
    Config = LoopConfig
    Output = LoopOutput
    config: LoopConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Start the first round, if there is one."""
        if self._rounds() == 0:
            return await self._finish([], "times" if self.config.items is None else "items", None, context)
        return await self._begin([], None, context)

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        """Once the round has ended: the next, or the end. NodeError when it did not succeed."""
        done = [str(execution_id) for execution_id in state["done"]]
        child = await context.workflows.find(str(state["execution_id"]))
        if not child.status.ended:
            return wait_for_child(child.execution_id, state)
        if (failure := child_failure(child)) is not None:
            raise NodeError(f"round {len(done)}: {failure}")
        ended_by = self._ended_by(len(done), child, context)
        done.append(child.execution_id)
        if ended_by is None:
            return await self._begin(done, child.output, context)
        return await self._finish(done, ended_by, child.output, context)

    def _rounds(self) -> int:
        """How many rounds there are at most; NodeError when a history has no room for them."""
        if self.config.items is None:
            return MAX_ROUNDS if self.config.times is None else self.config.times
        batches = -(-len(self.config.items) // self.config.batch_size)
        rounds = batches if self.config.times is None else min(batches, self.config.times)
        if rounds > MAX_ROUNDS:
            raise NodeError(
                f"{len(self.config.items):,} items in batches of {self.config.batch_size:,} are {rounds:,} "
                f"rounds, over the limit of {MAX_ROUNDS:,}; make larger batches",
                field="config.batch_size",
            )
        return rounds

    def _round(self, index: int, last: JsonValue) -> JsonObject:
        """What the expressions of a round know."""
        start = index * self.config.batch_size
        items = (self.config.items or [])[start : start + self.config.batch_size]
        return {"index": index, "last": last, "items": items, "item": items[0] if items else None}

    def _ended_by(self, index: int, child: ChildExecution, context: NodeContext) -> str | None:
        """What ends the loop after this round; None: nothing does."""
        if self.config.until is not None:
            known = self._round(index, child.output)
            holds = context.resolve(self.config.until, "config.until", known)
            if not isinstance(holds, bool):
                told = f"until gives true or false, and this is {describe_type(holds)}"
                raise NodeError(told, field="config.until")
            if holds:
                return "until"
        if index + 1 < self._rounds():
            return None
        by_items = self.config.items is not None and (index + 1) * self.config.batch_size >= len(
            self.config.items
        )
        return "items" if by_items else "times"

    async def _begin(self, done: list[str], last: JsonValue, context: NodeContext) -> NodeResult:
        index = len(done)
        inputs = context.resolve(dict(self.config.inputs), "config.inputs", self._round(index, last))
        reference = WorkflowReference(self.config.workflow_id, self.config.version)
        execution_id = await context.workflows.start(reference, inputs, f"round {index}")
        return wait_for_child(execution_id, {"done": done})

    async def _finish(
        self, done: list[str], ended_by: str, last: JsonValue, context: NodeContext
    ) -> NodeResult:
        reads = asyncio.Semaphore(READS_AT_ONCE)

        async def output_of(execution_id: str) -> JsonValue:
            async with reads:
                return (await context.workflows.find(execution_id)).output

        outputs = await asyncio.gather(*(output_of(execution_id) for execution_id in done))
        return self.create_result(
            list(outputs), last=last, count=len(done), ended_by=ended_by, execution_ids=done
        )

    @classmethod
    def workflow_of(cls, config: JsonObject) -> WorkflowReference | None:
        """What the config names."""
        return read_reference(config, config.get("inputs", {}))

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """Something must end the loop."""
        if all(config.get(name) is None for name in ("items", "times", "until")):
            return [("config", "give items, times or until: something must end the loop")]
        return []

    @classmethod
    def most_polls(cls, config: JsonObject) -> int:
        """As many as rounds, as far as they are written out."""
        items, times, size = (config.get(name) for name in ("items", "times", "batch_size"))
        bounds = [MAX_ROUNDS]
        if isinstance(times, int):
            bounds.append(times)
        if isinstance(items, list) and isinstance(size or 1, int):
            bounds.append(-(-len(items) // (size or 1)))
        return min(bounds)
