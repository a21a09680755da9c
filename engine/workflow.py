"""The document that users send: a workflow of nodes and connections.

Everything is frozen, and an unknown field is refused rather than lost. Shapes are checked here; what
needs the registry or the graph (unknown types, cycles, expressions) is checked in ``validation``.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.json_value import JsonObject, JsonValue
from engine.wording import Wording

# A node id is a JMESPath identifier, so that an expression can name it unquoted.
NODE_ID_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
# What a connection may name as output.
OUTPUT_PATTERN = r"^[A-Za-z_][A-Za-z0-9_ -]{0,62}$"
# 1,000 nodes at 0.60-0.76 KiB of definition per Task stay under Step Functions' 1 MB
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
MAX_NODES = 1_000
MAX_CONNECTIONS = 10_000
# A standard execution ends after one year (same page).
MAX_TIMEOUT_SECONDS = 31_536_000
# Child executions of a Distributed Map at the same time (same page).
MAX_CONCURRENCY = 10_000
# Their indexes take 49 KB of the 256 KiB that a state may be given (same page), and one call gathers them.
MAX_ITEMS = 10_000
# Items of one call: their records are read in few batches of 100.
MAX_BATCH_SIZE = 1_000
# An express execution ends after five minutes (same page).
EXPRESS_SECONDS = 300
# Step Functions keeps the history of an ended execution for 90 days (same page), so the record is kept as
# long unless the deployment or the workflow says other.
DEFAULT_RETENTION_DAYS = 90
# Ten years: what must be kept for longer belongs into an archive.
MAX_RETENTION_DAYS = 3_650

# The two types of state machine.
MachineType: TypeAlias = Literal["standard", "express"]

# JSON's own types, nothing converted: `true` is no number of seconds.
Whole: TypeAlias = Annotated[int, Field(strict=True)]
Number: TypeAlias = Annotated[float, Field(strict=True)]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
NodeId: TypeAlias = Annotated[
    str,
    Field(pattern=NODE_ID_PATTERN),
    Wording("does not do as an id: use letters, digits and '_', not a digit first, 63 characters at most"),
]
OutputName: TypeAlias = Annotated[
    str,
    Field(pattern=OUTPUT_PATTERN),
    Wording(
        "does not do as the name of an output: use letters, digits, '_', '-' and spaces, a letter or '_' "
        "first, 63 characters at most"
    ),
]


class Part(BaseModel):
    """What every part of a document has in common: frozen, closed, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Retry(Part):
    """How often and how soon a node is tried again after a retryable failure."""

    max_attempts: Whole = Field(3, ge=1, le=20, description="Attempts in all; 1 means: no second try.")
    interval_seconds: Whole = Field(1, ge=1, le=3_600, description="Wait before the second attempt.")
    backoff_rate: Number = Field(2.0, ge=1.0, le=10.0, description="Each wait is this many times the last.")
    max_interval_seconds: Whole = Field(60, ge=1, le=86_400, description="No wait is longer than this.")


class ForEach(Part):
    """Runs a node once for each item of a list.

    Nodes that take their items one by one from each other share a Map: an item does not wait for others. With
    on_error ``stop`` later nodes may thus have run for some items when another item stops the execution.
    """

    items: JsonValue = Field(description="An expression that gives a list, or a list.")
    max_concurrency: Whole = Field(
        10,
        ge=1,
        le=MAX_CONCURRENCY,
        description="Items that run at the same time; more than 40 of them run in a Distributed Map.",
    )
    batch_size: Whole = Field(
        1, ge=1, le=MAX_BATCH_SIZE, description="Items that one call runs, one after another."
    )
    tolerated_failures: Whole | None = Field(
        None, ge=0, description="Items that may fail for good; with more the node fails."
    )
    tolerated_failure_percentage: Number | None = Field(
        None, ge=0, le=100, description="The same, as a share of all items."
    )

    @property
    def has_tolerance(self) -> bool:
        """Whether it says how many items may fail."""
        return self.tolerated_failures is not None or self.tolerated_failure_percentage is not None

    def tolerates(self, failed: int, count: int) -> bool:
        """Whether so many failures of so many items are within both bounds."""
        if self.tolerated_failures is not None and failed > self.tolerated_failures:
            return False
        percentage = self.tolerated_failure_percentage
        return percentage is None or failed * 100 <= percentage * count


class Pin(Part):
    """A result that stands in for a run of its node, as node runs show results."""

    result: JsonObject = Field(description="What the node gives; it has an `output`.")
    output_name: OutputName = Field("main", description="The output that the node leaves through.")


class Position(Part):
    """Where an editor draws the node, in its own units."""

    x: Number
    y: Number


class Node(Part):
    """One step of a workflow."""

    id: NodeId
    type: str = Field(min_length=1, max_length=64)
    config: JsonObject = Field(default_factory=dict)
    name: str | None = Field(None, max_length=200, description="What people call the node.")
    notes: str | None = Field(None, max_length=10_000)
    position: Position | None = None
    disabled: Flag = Field(False, description="The node does not run; what comes in passes through.")
    retry: Retry | None = Field(None, description="None: the default of the node type.")
    timeout_seconds: Whole | None = Field(None, ge=1, le=MAX_TIMEOUT_SECONDS)
    on_error: Literal["stop", "continue", "output"] = Field(
        "stop",
        description="After the last attempt: `stop` ends the execution, `continue` goes on through `main` "
        "without a result, `output` leaves through `error`. Under for_each it is said of each item; where a "
        "node that takes its items one by one follows, other items may have run that node before one of "
        "them stops the execution.",
    )
    cache_ttl_seconds: Whole | None = Field(
        None, ge=0, le=MAX_TIMEOUT_SECONDS, description="0 turns the cache off; None: as the type says."
    )
    for_each: Annotated[
        ForEach | None,
        BeforeValidator(lambda value: {"items": value} if isinstance(value, str | list) else value),
    ] = None
    join: Literal["any", "all"] = Field(
        "any", description="Run when any connection is live, or only when all are."
    )
    pinned: Pin | None = Field(
        None,
        description="Given instead of a run where the draft is executed by hand, never by triggers or in the "
        "live version.",
    )

    @property
    def settles_items(self) -> bool:
        """Whether an item that fails for good is recorded, and the other items go on."""
        return self.on_error != "stop" or (self.for_each is not None and self.for_each.has_tolerance)


class Connection(Part):
    """A link from an output of a node to a node."""

    source: NodeId
    source_output: OutputName = "main"
    target: NodeId


class Settings(Part):
    """What holds for the whole workflow."""

    timeout_seconds: Whole = Field(3_600, ge=1, le=MAX_TIMEOUT_SECONDS)
    # Express is never what nobody asked for: it may run a node twice, and ends after five minutes.
    mode: Literal["standard", "express", "auto"] = Field(
        "standard", description="The type of state machine; auto: express where all of it surely fits."
    )
    error_workflow: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="The id of a workflow that gets the failure when an execution fails or times out.",
    )
    recompile: Literal["never", "on_save"] = Field(
        "never",
        description="Whether a save plans anew with the durations of past executions, or with those that the "
        "version before was planned with; POST …/recompile plans anew at any time.",
    )

    retention_days: Whole | None = Field(
        None,
        ge=1,
        le=MAX_RETENTION_DAYS,
        description="Days that an execution is kept after its end, with all that it made; None: as the "
        "deployment says.",
    )

    def longest_seconds(self, mode: MachineType) -> int:
        """Seconds after which an execution ends, on a machine of this type."""
        return min(self.timeout_seconds, EXPRESS_SECONDS) if mode == "express" else self.timeout_seconds


class Workflow(Part):
    """The document: what is saved, versioned, compiled and run."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    tags: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field((), max_length=50)
    nodes: tuple[Node, ...] = Field(min_length=1, max_length=MAX_NODES)
    connections: tuple[Connection, ...] = Field((), max_length=MAX_CONNECTIONS)
    settings: Settings = Settings()

    def node(self, node_id: str) -> Node:
        """The node with this id; KeyError where there is none."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)

    def as_document(self) -> JsonObject:
        """The document as JSON, without the defaults that were not written."""
        document: JsonObject = self.model_dump(mode="json", exclude_unset=True)
        return document
