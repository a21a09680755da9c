"""The task: the message from the state machine to an executor function, one place for both sides.

It carries names, never data: an executor reads the document of the version and the results it needs.
Keys of the payload::

    execution_id  workflow_id  version     from the input of the execution
    nodes         [node id, ...]           the nodes to run, in order
    item          index                    inside a Map: the item of the for_each node
    batch         count                    inside a Map: so many items from there on, one after another
    inline_items  count                    step expand: iterations that an inline Map has room for
    step          run (or nothing) | expand | item | collect | settle | wait | await
    error_name    name                     step settle: the error that Step Functions caught
    error         {Error, Cause}           step finish: what stopped an express execution
    token         token                    steps wait and await: what ends the wait, to be kept for who does
    arrives       [latch, ...]             the waits that are told when the node has ended
    latch, await  name, [node id, ...]     step await: the name of the wait, and the nodes that it is for
    fork          node id                  of the nodes: whose output the Choice that follows reads; what is
                                           reached through its other outputs alone is recorded as skipped
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.json_value import JsonObject

# run      run the node (or ask after its pending work)
# expand   resolve the items of a for_each node; answers {"indexes": [0, 1, ...]}, of batches the first ones
# item     run the node for one item
# collect  gather the results of the items, in order
# wait     keep the token with which the wait of a pending node is ended
# await    keep the token of a wait that ends when other nodes have ended; it runs no node
# settle   a node with on_error continue or output failed for good: record it and go on
Step = Literal["run", "expand", "item", "collect", "settle", "wait", "await"]
# What a task does whose message says nothing of it.
DEFAULT_STEP: Step = "run"


# The target, besides the executors, that ends the executions of express machines.
FINISH = "finish"


class ExecutionInput(BaseModel):
    """The input of every Step Functions execution that we start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    execution_id: str
    workflow_id: str
    version: int


class Task(BaseModel):
    """The payload of one Task state."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    execution_id: str
    workflow_id: str
    version: int
    nodes: tuple[str, ...]
    step: Step = DEFAULT_STEP
    item: int | None = None
    batch: int = Field(1, ge=1)
    inline_items: int | None = None
    error_name: str | None = None
    token: str | None = None
    fork: str | None = None
    arrives: tuple[str, ...] = ()
    latch: str | None = None
    awaited: tuple[str, ...] = Field(default=(), alias="await")

    @model_validator(mode="after")
    def _is_whole(self) -> Task:
        if self.step == "await":
            if self.nodes or not (self.latch and self.awaited and self.token):
                raise ValueError("step await takes latch, await and token, and runs no nodes")
        elif not self.nodes:
            raise ValueError("nodes must name one node at least")
        return self

    @property
    def others_step(self) -> Step:
        """What is done with nodes that only share the Task of the one that its step is meant for."""
        return "run" if self.item is None else "item"

    @property
    def indexes(self) -> range:
        """The items of a batch, as far as there are so many."""
        return range(0) if self.item is None else range(self.item, self.item + self.batch)

    def of_item(self, item: int) -> Task:
        """The task for one item of the batch."""
        return self.model_copy(update={"item": item, "batch": 1})


class CaughtError(BaseModel):
    """What Step Functions puts into the input of a state that a Catch leads to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str | None = Field(None, alias="Error")
    cause: str | None = Field(None, alias="Cause")


class FinishTask(BaseModel):
    """The last message of an express execution, whose end no event tells: how it ended.

    It names no nodes, and goes to the function of `FINISH` rather than to an executor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    execution_id: str
    workflow_id: str
    version: int
    nodes: Sequence[str] = Field((), max_length=0)
    step: Literal["finish"]
    error: CaughtError | None = Field(None, description="What stopped it; None: it succeeded.")


class TaskAnswer(BaseModel):
    """What an executor answers: little, since the state machine carries names and not data.

    ``pending`` and ``poll_after_seconds`` are read by the Choice and the Wait of a polling node,
    ``indexes`` by the Map of a for_each node, ``distributed`` by the Choice between its two Maps,
    ``output_name`` by the Choice of a fork (there "" stands for a node that was skipped: a path must find
    something).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    output_name: str | None = None
    pending: bool = False
    poll_after_seconds: int = 0
    indexes: tuple[int, ...] | None = None
    distributed: bool | None = None

    def as_payload(self) -> JsonObject:
        """The answer as JSON."""
        payload: JsonObject = self.model_dump(mode="json", exclude_none=True)
        return payload
