"""The contract of a node type: `BaseNode`, what it is given, what it gives back.

The contract belongs to the engine; built-in node types get no private access. A node is made for each
run, with its config resolved and validated; everything else it needs comes in its context, a plain
frozen value, so a node is tested without an engine::

    result = await WordCountNode({"text": "one two"}).run({}, NodeContext(node_id="count"))
    assert result.values == {"output": 2}
"""

from __future__ import annotations

import builtins
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from engine.approval import Approvals, NoApprovals
from engine.child import NoWorkflows, WorkflowReference, Workflows
from engine.errors import NodeConfigError, NodeError
from engine.expression import Scope, resolve
from engine.json_value import JsonObject, JsonValue
from engine.wording import say_all
from engine.workflow import Retry

MAIN = "main"
ERROR = "error"
# The node types that the engine knows: where an execution's inputs come in, where its output goes out,
# and what answers the webhook that started it.
INPUT_TYPE = "input"
OUTPUT_TYPE = "output"
RESPOND_TYPE = "respond"

# What was not given, where null would be a value.
MISSING: JsonValue = object()

Executor: TypeAlias = Literal["core", "http", "ai", "custom", "flow"]
NodeInputs: TypeAlias = Mapping[str, JsonObject]


class NodeConfig(BaseModel):
    """Base of every config model: frozen, closed, no NaN.

    A field says how a form draws it through ``json_schema_extra``: ``x-widget`` (``textarea``, ``code``,
    ``credential``, ``select``, ``json``), ``x-expression: false`` where ``{{ }}`` is not resolved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NodeOutput(BaseModel):
    """Base of every output model: what ``output`` is, and what stands beside it."""

    output: Any = Field(description="What the node made.")


class NodeLogger(Protocol):
    """Lines for the node run's record; bounded, so a chatty node cannot fill a table."""

    def debug(self, message: str) -> None:
        """Record a line of level debug."""

    def info(self, message: str) -> None:
        """Record a line of level info."""

    def warning(self, message: str) -> None:
        """Record a line of level warning."""

    def error(self, message: str) -> None:
        """Record a line of level error."""


class SilentLogger:
    """A logger that keeps nothing: the default of a context made by hand."""

    def debug(self, message: str) -> None:
        """Drop the line."""

    def info(self, message: str) -> None:
        """Drop the line."""

    def warning(self, message: str) -> None:
        """Drop the line."""

    def error(self, message: str) -> None:
        """Drop the line."""


@dataclass(frozen=True)
class StoredFile:
    """A file that a node made: ``url`` is a link that goes on working, ``size_bytes`` its length."""

    name: str
    url: str
    content_type: str
    size_bytes: int
    key: str

    def as_json(self) -> JsonObject:
        """The file as it stands in a result."""
        return {
            "name": self.name,
            "url": self.url,
            "content_type": self.content_type,
            "size_bytes": self.size_bytes,
            "key": self.key,
        }


class Files(Protocol):
    """Where a node puts the files that it makes, and reads those that others made."""

    async def save(self, name: str, data: bytes, content_type: str) -> StoredFile:
        """Store a file for as long as its execution is kept; UnavailableError if the store is away."""

    async def read(self, key: str) -> bytes:
        """The bytes of a stored file, by the ``key`` in its JSON; NodeError if there is none."""


class NoFiles:
    """A store that refuses: the default of a context made by hand."""

    async def save(self, name: str, data: bytes, content_type: str) -> StoredFile:
        """Refuse with NodeError."""
        raise NodeError(f"cannot save '{name}' ({len(data)} bytes of {content_type}): no file store here")

    async def read(self, key: str) -> bytes:
        """Refuse with NodeError."""
        raise NodeError(f"cannot read '{key}': no file store here")


class Converse(Protocol):
    """Amazon Bedrock's Converse operation (boto3's keyword arguments in, its answer out)."""

    async def __call__(self, request: JsonObject) -> JsonObject:
        """Send a request; RetryableNodeError when throttled, NodeError when refused."""


async def no_bedrock(request: JsonObject) -> JsonObject:
    """Refuse: the default of a context made by hand."""
    raise NodeError(f"model '{request.get('modelId')}' cannot be reached: no Bedrock here")


@dataclass(frozen=True)
class Credential:
    """A named secret: ``kind`` says how it is used, ``values`` holds its parts.

    Kinds: ``bearer`` {token}; ``basic`` {username, password}; ``header`` {name, value};
    ``query`` {name, value}; ``api_key`` {api_key}, for models.
    """

    name: str
    kind: str
    values: Mapping[str, SecretStr]

    def part(self, name: str) -> str:
        """One part in clear; NodeError names the credential and the part, never a value."""
        if name not in self.values:
            raise NodeError(f"credential '{self.name}' of kind '{self.kind}' has no part '{name}'")
        return self.values[name].get_secret_value()


@dataclass(frozen=True)
class ModelSettings:
    """Where the models are: an OpenAI-compatible base URL and its key; None means the SDK's own."""

    base_url: str | None = None
    api_key: SecretStr | None = None


@dataclass(frozen=True)
class HttpSettings:
    """What the guard of the HTTP node lets through besides public addresses."""

    allowed_hosts: frozenset[str] = frozenset()
    max_response_bytes: int = 50 * 1024 * 1024


def resolve_round(value: JsonValue, field: str, round_: JsonObject) -> JsonValue:
    """Resolve expressions that name nothing but ``round``: the default of a context made by hand."""
    return resolve(value, Scope(round=round_), field)


@dataclass(frozen=True)
class NodeContext:
    """What a node may know and use besides its config and inputs."""

    node_id: str
    execution_id: str = "test"
    workflow_id: str = "test"
    version: int = 1
    item_index: int | None = None
    attempt: int = 1
    idempotency_key: str = "test"
    timeout_seconds: float = 60.0
    # When this call began; a node has no other clock, so that its tests can set it.
    now: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    # The input of the execution, for the input node; resolved expressions serve everyone else.
    execution_inputs: JsonObject = field(default_factory=dict)
    logger: NodeLogger = field(default_factory=SilentLogger)
    files: Files = field(default_factory=NoFiles)
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    models: ModelSettings = ModelSettings()
    http: HttpSettings = HttpSettings()
    converse: Converse = no_bedrock
    workflows: Workflows = NoWorkflows()
    approvals: Approvals = NoApprovals()
    # Resolves what stands in one of the type's late fields: (value, field, what `round` is) -> value.
    resolve: Callable[[JsonValue, str, JsonObject], Any] = resolve_round

    def credential(self, name: str) -> Credential:
        """The credential of this name; only those that the node's credential fields name are here."""
        if name not in self.credentials:
            raise NodeError(f"credential '{name}' is not stored; store it or name another", field="config")
        return self.credentials[name]


@dataclass(frozen=True)
class Pending:
    """Work that goes on elsewhere: ask again after ``poll_after_seconds``, with ``state`` given back.

    With ``wake``, sooner: as soon as somebody wakes that name.
    """

    poll_after_seconds: int
    state: JsonObject
    wake: str | None = None


@dataclass(frozen=True)
class NodeResult:
    """What a run of a node gave: ``values`` always has ``output``; or the word that it is pending."""

    values: JsonObject
    output_name: str = MAIN
    pending_work: Pending | None = None

    @classmethod
    def pending(cls, poll_after_seconds: int, state: JsonObject, wake: str | None = None) -> NodeResult:
        """The work goes on elsewhere; ``poll`` is called with ``state`` after that many seconds.

        With ``wake``, for a type with ``wakes``: already when that is woken. An execution that the node
        started wakes its own id when it ends.
        """
        return cls(values={"output": None}, pending_work=Pending(poll_after_seconds, state, wake))


class BaseNode(ABC):
    """A node type. Subclass it, set ``type`` and ``Config``, write ``run``."""

    type: ClassVar[str]
    version: ClassVar[int] = 1
    """Part of the cache key: raise it when the same config gives another result."""
    title: ClassVar[str] = ""
    description: ClassVar[str] = ""
    category: ClassVar[str] = "custom"
    executor: ClassVar[Executor] = "custom"
    """The function, and so the privileges, that the node runs with."""
    outputs: ClassVar[tuple[str, ...]] = (MAIN,)
    polls: ClassVar[bool] = False
    """Whether ``run`` may return ``NodeResult.pending``; then ``poll`` is written too."""
    wakes: ClassVar[bool] = False
    """Whether a pending run names what ends its wait early; for types that poll."""
    late_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that the node resolves itself, with ``context.resolve``; their expressions know ``round``."""
    light: ClassVar[bool] = False
    """Whether a run takes milliseconds and touches nothing outside.

    It may share the Task of a neighbour; if it raises RetryableNodeError there, the neighbour's retry holds.
    """
    reads_inputs: ClassVar[bool] = True
    """Whether ``run`` looks at ``inputs``: if not, they are no part of the cache key."""
    cache_ttl_seconds: ClassVar[int] = 0
    """How long a result may be used again; 0 (nothing is cached) wherever a run has side effects."""
    default_timeout_seconds: ClassVar[int] = 60
    default_retry: ClassVar[Retry] = Retry()

    Config: ClassVar[builtins.type[NodeConfig]] = NodeConfig
    Output: ClassVar[builtins.type[NodeOutput]] = NodeOutput

    def __init__(self, config: JsonObject | NodeConfig | None = None) -> None:
        """Validate the resolved config; NodeConfigError names each field that does not fit."""
        if isinstance(config, NodeConfig):
            self.config: Any = config
            return
        try:
            self.config = self.Config.model_validate(config or {})
        except ValidationError as error:
            found = error.errors()
            where = ".".join(str(part) for part in ("config", *found[0]["loc"]))
            raise NodeConfigError(
                f"config does not fit node type '{self.type}': {say_all(found)}", field=where
            ) from None

    @abstractmethod
    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Do the work; ``inputs`` holds the result of each live upstream node by its id.

        Raise RetryableNodeError for what may pass, NodeError for what will not.
        """

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        """Ask after pending work; only node types with ``polls`` are asked."""
        raise NodeError(f"node type '{self.type}' returned pending and has no poll()")

    def create_result(self, output: JsonValue, *, output_name: str = MAIN, **values: JsonValue) -> NodeResult:
        """A result: ``output``, whatever else is worth keeping, and the output to leave through."""
        return NodeResult(values={"output": output, **values}, output_name=output_name)

    @classmethod
    def outputs_for(cls, config: JsonObject) -> tuple[str, ...]:
        """The outputs of a node with this config, unresolved as in the document."""
        del config
        return cls.outputs

    @classmethod
    def has_fixed_outputs(cls) -> bool:
        """Whether every config has the same outputs."""
        return cls.outputs_for.__func__ is BaseNode.outputs_for.__func__  # type: ignore[attr-defined]

    @classmethod
    def optional_fields(cls, config: JsonObject) -> tuple[str, ...]:
        """Fields, as paths below the config, in which a missing reference is null and no error."""
        del config
        return ()

    @classmethod
    def longest_wait_seconds(cls, config: JsonObject) -> float | None:
        """How long a run waits by this config, unresolved, where it says so; None: that is not known."""
        del config
        return None

    @classmethod
    def most_polls(cls, config: JsonObject) -> int:
        """How often a run by this config, unresolved, asks at most, where that may fill a history."""
        del config
        return 0

    @classmethod
    def workflow_of(cls, config: JsonObject) -> WorkflowReference | None:
        """The workflow that a run by this config, unresolved, starts: it is looked up when one saves."""
        del config
        return None

    @classmethod
    def plain_fields(cls) -> frozenset[str]:
        """Fields of the config in which ``{{ }}`` is plain text (``x-expression: false``)."""
        extras = {name: field.json_schema_extra for name, field in cls.Config.model_fields.items()}
        return frozenset(
            name
            for name, extra in extras.items()
            if isinstance(extra, dict) and extra.get("x-expression") is False
        )

    @classmethod
    def check_value(cls, config: JsonObject, value: JsonValue = MISSING) -> JsonValue:
        """The value of an execution input, for the type that takes one; NodeError when it does not fit."""
        del config
        return value

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """Problems of an unresolved config that the schema cannot see, as (field, message)."""
        del config
        return []

    @classmethod
    def get_config_schema(cls) -> JsonObject:
        """JSON Schema of the config, complete enough to draw a form from."""
        return cls.Config.model_json_schema()

    @classmethod
    def get_input_schema(cls) -> JsonObject:
        """JSON Schema of ``inputs``: the result of each live upstream node, by node id."""
        return {
            "type": "object",
            "title": "Inputs",
            "description": "The result of each live upstream node, by node id.",
            "additionalProperties": {"type": "object", "required": ["output"]},
        }

    @classmethod
    def get_output_schema(cls) -> JsonObject:
        """JSON Schema of the result."""
        return cls.Output.model_json_schema(mode="serialization")


NodeFactory: TypeAlias = Callable[[JsonObject], BaseNode]
