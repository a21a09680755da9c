"""Execution and node run: what is recorded of a run, and which changes of status are legal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.json_value import JsonObject, JsonValue
from engine.workflow import DEFAULT_RETENTION_DAYS, MachineType

# Where large values lie in the artifact bucket.
VALUES_PREFIX = "executions/"
# Where files lie in it; the API serves `<public URL>/files/...` from there.
FILES_PREFIX = "files/"
_FILE_KEY = re.compile(FILES_PREFIX + r"ex_[0-9A-Z]{26}/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+")


class ExecutionStatus(StrEnum):
    """Where an execution stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABORTED = "aborted"

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self is not ExecutionStatus.RUNNING


class NodeStatus(StrEnum):
    """Where a node run stands; ``pending`` is what has no record yet."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABORTED = "aborted"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self not in (NodeStatus.PENDING, NodeStatus.RUNNING, NodeStatus.WAITING)


class Record(BaseModel):
    """What every record has in common: frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorInfo(Record):
    """An error as it is stored and shown: never a stack trace, never a secret."""

    type: str = Field(description="The class of the error.")
    message: str
    node_id: str | None = None
    field: str | None = None
    retryable: bool = False


class Claim(Record):
    """Where a value lies that is too large for its record."""

    key: str = Field(description="Key in the artifact bucket.")
    size_bytes: int
    sha256: str


class LogLine(Record):
    """A line that a node wrote through ``context.logger``."""

    at: datetime
    level: Literal["debug", "info", "warning", "error"]
    message: str


class NodeCost(Record):
    """What a node run cost in US dollars, all attempts together."""

    lambda_usd: float = Field(0.0, description="Time of the function.")
    models_usd: float | None = Field(0.0, description="Null where the model's price is not known.")
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0


class ExecutionCost(Record):
    """What an execution cost, in US dollars; None where the price of a model is not known."""

    usd: float | None = Field(description="All of it; null where the price of a model is not known.")
    states_usd: float = Field(0.0, description="State transitions, by the plan: at most so many.")
    lambda_usd: float = Field(0.0, description="Time and calls of functions.")
    models_usd: float | None = Field(0.0, description="Models, by their tokens.")
    input_tokens: int = 0
    output_tokens: int = 0
    unpriced_models: tuple[str, ...] = Field((), description="Models whose price stands in no list.")


class Selection(Record):
    """What of its workflow an execution runs: all, what leads up to a node, or a node alone."""

    until: str | None = Field(None, description="It ran up to this node.")
    only: str | None = Field(None, description="It ran this node alone.")
    uses_pins: bool = Field(False, description="Whether results that the document pins stand in for runs.")
    results_of: str | None = Field(None, description="The execution whose results stand before the one node.")

    @property
    def target(self) -> str | None:
        """The node that a part of the workflow was run for."""
        return self.until or self.only


class ParentLink(Record):
    """What started an execution: a node of another one, or (without a node) that other one's failure."""

    execution_id: str
    node_id: str | None = None
    item: int | None = None
    depth: int = Field(1, description="How many executions stand above it.")
    after_failure: bool = Field(False, description="Whether it, or one above it, handles a failure.")


class ChildLink(Record):
    """An execution that another one started, as that one keeps it; ``node_id`` as in ParentLink."""

    execution_id: str
    workflow_id: str
    node_id: str | None = None
    item: int | None = None


class Execution(Record):
    """One run of a workflow version."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    version: int
    status: ExecutionStatus = ExecutionStatus.RUNNING
    trigger: str = "manual"
    inputs: JsonObject = Field(default_factory=dict)
    inputs_claim: Claim | None = None
    output: JsonValue = None
    output_claim: Claim | None = None
    error: ErrorInfo | None = None
    started_at: datetime
    ended_at: datetime | None = None
    timeout_seconds: int
    mode: MachineType = "standard"
    bypass_cache: bool = False
    state_machine_version_arn: str | None = None
    execution_arn: str | None = None
    started_by: str | None = Field(None, description="The subject that asked for it; None: a trigger.")
    owner: str | None = Field(None, description="Whose the workflow was when it started.")
    groups: tuple[str, ...] = Field((), description="Which groups the workflow was shared with then.")
    retry_of: str | None = Field(None, description="The execution whose finished results this one keeps.")
    selection: Selection = Selection()
    pins: JsonObject = Field(default_factory=dict, description="Results that were given with the request.")
    pins_claim: Claim | None = None
    parent: ParentLink | None = Field(None, description="What started it, where another execution did.")
    trace_id: str | None = Field(None, description="The trace of the request that started it.")
    cost: ExecutionCost | None = None
    own_plan: JsonObject | None = Field(
        None, description="What the compiler says of the machine that was made for this execution alone."
    )
    holds_place: bool = Field(False, description="Whether it counts among its starter's concurrent ones.")
    retention_days: int = Field(DEFAULT_RETENTION_DAYS, description="Days that it is kept after its end.")

    @property
    def due_at(self) -> datetime:
        """When its time is over: it has ended by then, whoever heard of it."""
        return self.started_at + timedelta(seconds=self.timeout_seconds)

    @property
    def expires_at(self) -> datetime:
        """When it goes, with all that it made; while it runs, the latest that this may be."""
        end = self.ended_at or self.due_at
        return end + timedelta(days=self.retention_days)


class NodeRun(Record):
    """The record of one node in an execution, or of one of its items."""

    execution_id: str
    node_id: str
    item: int | None = Field(None, description="Index of the item under for_each, from 0.")
    status: NodeStatus
    output_name: str | None = Field(None, description="The output that the node left through.")
    result: JsonObject | None = None
    claim: Claim | None = Field(None, description="Where the result lies, if it is large.")
    error: ErrorInfo | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    kept_from: str | None = Field(None, description="The execution that ran it, where this one is its retry.")
    pinned: bool = Field(False, description="Whether the result was pinned, and the node did not run.")
    cache: Literal["hit", "miss"] | None = None
    item_count: int | None = Field(None, description="Items of a for_each node, once they are known.")
    items_claim: Claim | None = None
    items: tuple[JsonValue, ...] | None = Field(None, description="Items of a for_each node, if small.")
    poll_state: JsonObject | None = Field(None, description="What a pending node asked to get back.")
    wake: str | None = Field(None, description="What ends the wait of a pending node early.")
    not_before: datetime | None = Field(None, description="The next attempt waits until then.")
    logs: tuple[LogLine, ...] = ()
    cost: NodeCost | None = None
    items_cost: ExecutionCost | None = Field(
        None, description="What the items of a for_each node cost together, once they are gathered."
    )

    def elapsed_milliseconds(self) -> float:
        """From its start to its end; 0 where it has not both."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.started_at) / timedelta(milliseconds=1)


def node_value_key(run: NodeRun, what: str) -> str:
    """Where a value of a node run that is too large for its record is stored."""
    where = run.node_id if run.item is None else f"{run.node_id}/{run.item:08d}"
    return value_key(run.execution_id, f"{where}/{what}")


def value_key(execution_id: str, what: str) -> str:
    """Where a value of an execution that is too large for its record is stored."""
    return f"{VALUES_PREFIX}{execution_id}/{what}.json"


def made_by(execution_id: str) -> tuple[str, ...]:
    """What the keys of all objects start with that an execution made."""
    return f"{VALUES_PREFIX}{execution_id}/", f"{FILES_PREFIX}{execution_id}/"


def named_files(value: JsonValue) -> Iterator[str]:
    """Keys of the files of executions that a value names, in links or as they are."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            # Looked for first: few texts name any, and this is quick.
            yield from _FILE_KEY.findall(part) if FILES_PREFIX in part else ()
        elif isinstance(part, dict | list | tuple):
            waiting.extend(part.values() if isinstance(part, dict) else part)
