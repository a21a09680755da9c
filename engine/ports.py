"""The ports: what the core asks of the world, what each method returns and must raise.

Those of the state machine service stand in `engine.machine`.

An adapter is a class that keeps these promises; `tests/contract` proves it for those that are shipped
and can be imported to prove another. Every method may raise UnavailableError when its service is
throttled or away. Times are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from engine.access.audience import Audience, Ownership
from engine.execution import Claim, ErrorInfo, Execution, ExecutionCost, ExecutionStatus, NodeRun
from engine.json_value import JsonObject, JsonValue
from engine.link_port import LinkStore
from engine.removal_port import RemovalStore
from engine.template import Template
from engine.workflow import MAX_ITEMS, MachineType, Workflow

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list, and the opaque cursor that asks for what follows (None: nothing does).

    A page may hold fewer items than asked for, even none, and still have a cursor: a store that filters
    reads only so much for one page.
    """

    items: tuple[T, ...]
    cursor: str | None = None


@dataclass(frozen=True)
class WorkflowHead:
    """What is known of a workflow without its document.

    ``version`` is the draft, the last that was saved; ``live_version`` the published one, which triggers
    run; None: nothing is published.
    """

    workflow_id: str
    name: str
    revision: int
    version: int
    created_at: datetime
    updated_at: datetime
    node_count: int
    description: str | None = None
    tags: tuple[str, ...] = ()
    ownership: Ownership = Ownership()
    live_version: int | None = None
    published_at: datetime | None = None
    published_by: str | None = None


@dataclass(frozen=True)
class WorkflowVersion:
    """One immutable version: the document, who saved it and why, what it was compiled to.

    ``restored_from`` is the older version that this one equals, if it was made by restoring that.
    """

    workflow_id: str
    version: int
    workflow: Workflow
    created_at: datetime
    definition_digest: str
    state_machine_version_arn: str
    report: JsonObject = field(default_factory=dict)
    profile: JsonObject = field(default_factory=dict)
    author: str = ""
    message: str | None = None
    restored_from: int | None = None
    mode: MachineType = "standard"


class WorkflowStore(Protocol):
    """Workflows: a head and immutable versions."""

    def get_head(self, workflow_id: str) -> WorkflowHead:
        """The head; NotFoundError."""

    def get_version(self, workflow_id: str, version: int) -> WorkflowVersion:
        """A version, also of a workflow that was deleted while its executions are kept; NotFoundError."""

    def list_heads(
        self, limit: int, cursor: str | None = None, audience: Audience | None = None
    ) -> Page[WorkflowHead]:
        """Heads that the audience sees (None: all), the newest workflow first.

        RequestError on a cursor that is not ours.
        """

    def list_versions(self, workflow_id: str, limit: int, cursor: str | None = None) -> Page[WorkflowVersion]:
        """Versions, newest first; an empty page if there is no such workflow."""

    def commit(self, head: WorkflowHead, version: WorkflowVersion, expected_revision: int | None) -> None:
        """Write a version and move the head to it, both or neither.

        ``expected_revision`` None means that the workflow must not exist yet. RevisionConflictError
        when the head is elsewhere; NotFoundError when there is none to move. ConflictError when the
        version exists already and has not expired: versions are immutable.
        """

    def move_head(self, head: WorkflowHead, expected_revision: int) -> None:
        """Replace the head and write no version (publishing does that).

        NotFoundError; RevisionConflictError when the head is elsewhere.
        """

    def delete(self, workflow_id: str, expected_revision: int | None, expires_at: datetime) -> None:
        """Take the head away; versions stay readable until ``expires_at``.

        NotFoundError; RevisionConflictError when ``expected_revision`` is given and the head is elsewhere.
        """


@dataclass(frozen=True)
class ExecutionFilter:
    """Which executions a list is about: started at or after the one time, and before the other."""

    workflow_id: str | None = None
    status: ExecutionStatus | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None


@dataclass(frozen=True)
class IdempotencyMark:
    """Who answered for an Idempotency-Key first: the request's digest and the execution it started."""

    request_digest: str
    execution_id: str


class ExecutionStore(LinkStore, RemovalStore, Protocol):
    """Executions and node runs. What has ended is written once: the first writer wins."""

    def create(self, execution: Execution) -> None:
        """Write a new execution; ConflictError if the id is taken."""

    def get(self, execution_id: str) -> Execution:
        """The execution; NotFoundError."""

    def set_execution_arn(self, execution_id: str, execution_arn: str) -> None:
        """Note what Step Functions calls the execution; NotFoundError."""

    def finish(
        self,
        execution_id: str,
        status: ExecutionStatus,
        ended_at: datetime,
        *,
        output: JsonValue = None,
        output_claim: Claim | None = None,
        error: ErrorInfo | None = None,
        cost: ExecutionCost | None = None,
    ) -> bool:
        """End a running execution; False if it had ended already. NotFoundError."""

    def list_executions(
        self, wanted: ExecutionFilter, limit: int, cursor: str | None = None
    ) -> Page[Execution]:
        """Executions, newest first; RequestError on a cursor that is not ours."""

    def list_due(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Ids of executions that still run by their records, and whose time was over before then.

        About the longest overdue first; at most so many.
        """

    def read_nodes(
        self, execution_id: str, keys: Iterable[tuple[str, int | None]]
    ) -> tuple[Execution, dict[tuple[str, int | None], NodeRun]]:
        """The execution and those of the node runs that exist, by (node id, item), in one consistent
        batch read; NotFoundError if there is no such execution."""

    def list_node_runs(
        self,
        execution_id: str,
        *,
        node_id: str | None = None,
        limit: int = MAX_ITEMS,
        cursor: str | None = None,
    ) -> Page[NodeRun]:
        """Node runs of an execution, or with ``node_id`` the items of that node in order.

        Without ``node_id`` items are left out.
        """

    def start_node(self, run: NodeRun) -> NodeRun | None:
        """Record that an attempt begins, with a status that has not ended; the stored run if that has."""

    def finish_node(self, run: NodeRun) -> NodeRun | None:
        """Record how the node run ended. None when recorded; the stored one when it ended before."""

    def write_nodes(self, runs: Sequence[NodeRun]) -> bool:
        """Record how several node runs of one execution stand, none of them twice, a hundred at a time.

        False where one of such a hundred had ended before: then nothing of that hundred, and of those that
        follow, is written.
        """

    def finish_nodes(self, runs: Sequence[NodeRun]) -> None:
        """Record how several node runs of one execution ended; those that ended before are left alone."""

    def mark_idempotency(self, key: str, mark: IdempotencyMark, expires_at: datetime) -> IdempotencyMark:
        """Store the mark if ``key`` has none; the mark that stands now."""


@dataclass(frozen=True)
class CacheEntry:
    """A cached result, or with ``holder`` the word that someone is making it until ``lease_until``."""

    key: str
    node_type: str
    expires_at: datetime
    output_name: str = "main"
    result: JsonObject | None = None
    claim: JsonObject | None = None
    holder: str | None = None


@dataclass(frozen=True)
class CacheCounts:
    """How often the cache served, and did not, for a node type."""

    hits: int = 0
    misses: int = 0


class CacheStore(Protocol):
    """Results by key, with an in-progress mark so that equal work is done once."""

    def get(self, key: str, now: datetime) -> CacheEntry | None:
        """A result or an in-progress mark that has not expired at ``now``."""

    def acquire(self, entry: CacheEntry, now: datetime) -> CacheEntry | None:
        """Set an in-progress mark (``holder`` set; ``expires_at`` ends the lease).

        None when set, also over a mark of the same holder, whose lease is so renewed; else the entry,
        result or mark, that stands and has not expired.
        """

    def put(self, entry: CacheEntry, now: datetime) -> None:
        """Store a result, over any mark."""

    def release(self, key: str, holder: str) -> None:
        """Take away the mark of ``holder``, if it still stands."""

    def count(self, node_type: str, *, hit: bool) -> None:
        """Count a hit or a miss, on one of several items so that none is hot."""

    def counts(self) -> Mapping[str, CacheCounts]:
        """Hits and misses by node type, since the counters were last cleared."""

    def clear(self, node_type: str | None = None) -> int:
        """Forget results (of one node type) and clear its counters; how many results were forgotten.

        In-progress marks stand: whoever set them still stores a result.
        """


@dataclass(frozen=True)
class BlobInfo:
    """What is known of a stored object."""

    key: str
    size_bytes: int
    content_type: str


class BlobStore(Protocol):
    """Large values and files."""

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Store the bytes."""

    def get(self, key: str) -> bytes:
        """The bytes; NotFoundError."""

    def info(self, key: str) -> BlobInfo:
        """Size and type; NotFoundError."""

    def link(self, key: str, expires_seconds: int, *, download_name: str | None = None) -> str:
        """A URL that serves the object to anyone until it expires."""

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object whose key starts so; how many."""


@dataclass(frozen=True)
class CredentialInfo:
    """What may be shown of a credential: never a value."""

    name: str
    kind: str
    parts: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    ownership: Ownership = Ownership()


class CredentialStore(Protocol):
    """Names and kinds in the access table; values in the secret store."""

    def put(self, info: CredentialInfo, values: Mapping[str, str]) -> None:
        """Create or replace; ConflictError, and nothing is written, when another owner has the name."""

    def info(self, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError."""

    def values(self, name: str) -> tuple[str, Mapping[str, str]]:
        """(kind, values by part), for the executor alone; NotFoundError."""

    def list_infos(
        self, limit: int, cursor: str | None = None, audience: Audience | None = None
    ) -> Page[CredentialInfo]:
        """Those that the audience sees (None: all), by name."""

    def set_ownership(self, name: str, ownership: Ownership) -> CredentialInfo:
        """Give the credential to others; what may be shown of it then. NotFoundError."""

    def delete(self, name: str) -> None:
        """NotFoundError."""


class TemplateStore(Protocol):
    """Templates that come with the installation; nothing writes them."""

    def list_templates(self) -> tuple[Template, ...]:
        """All, by name."""

    def get(self, name: str) -> Template:
        """One; NotFoundError."""


class SecretStore(Protocol):
    """Single secrets that settings name (the API key, the models' key)."""

    def read(self, name: str) -> str:
        """The text of the secret; NotFoundError."""


class Metrics(Protocol):
    """Counters and durations for whoever operates this."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add to a counter."""

    def milliseconds(self, name: str, value: float, **dimensions: str) -> None:
        """Record a duration."""


class Clock(Protocol):
    """The time, and new names in its order."""

    def now(self) -> datetime:
        """Now, aware, in UTC."""

    def new_id(self, prefix: str) -> str:
        """A new id ``<prefix>_<26 characters>`` that sorts by time of making."""

    def new_token(self) -> str:
        """128 random bits, spelled for URLs: who does not have it cannot guess it."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
