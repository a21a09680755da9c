"""What a node may do with other workflows: start one, and ask what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from engine.errors import NodeError
from engine.execution import ErrorInfo, ExecutionStatus
from engine.json_value import JsonObject, JsonValue

# The draft, what triggers run, or a version by its number.
VersionChoice: TypeAlias = int | Literal["draft", "live"]


@dataclass(frozen=True)
class WorkflowReference:
    """A workflow that a node names; ``inputs`` as they stand in its config, None: not to be told."""

    workflow_id: str
    version: VersionChoice = "live"
    inputs: JsonObject | None = None


@dataclass(frozen=True)
class ChildExecution:
    """An execution that a node started; ``output`` is there once it has succeeded."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    version: int
    status: ExecutionStatus
    output: JsonValue = None
    error: ErrorInfo | None = None


class Workflows(Protocol):
    """Starts executions for one node run. When they end, they wake the node by their id."""

    async def start(self, reference: WorkflowReference, inputs: Mapping[str, JsonValue], key: str) -> str:
        """The id of the execution; the same ``key`` in a node run starts one, however often it is asked for.

        NodeError where there is no such workflow for this one, or the inputs do not fit.
        """

    async def find(self, execution_id: str) -> ChildExecution:
        """How it stands; NodeError where this node run did not start it."""


class NoWorkflows:
    """Refuses: the default of a context made by hand, and of functions that may not start executions."""

    async def start(self, reference: WorkflowReference, inputs: Mapping[str, JsonValue], key: str) -> str:
        """Refuse with NodeError."""
        raise NodeError(
            f"cannot start workflow '{reference.workflow_id}' from here: only node types of the executor "
            "'flow' start others"
        )

    async def find(self, execution_id: str) -> ChildExecution:
        """Refuse with NodeError."""
        raise NodeError(f"cannot ask after execution '{execution_id}' from here")
