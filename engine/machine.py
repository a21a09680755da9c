"""The ports of the state machine service; the others stand in `engine.ports`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.execution import ExecutionStatus
from engine.json_value import JsonObject
from engine.workflow import MachineType


@dataclass(frozen=True)
class MachineExecution:
    """What Step Functions says of an execution."""

    status: ExecutionStatus
    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None
    cause: str | None = None


class TaskTokens(Protocol):
    """Answers to Tasks that wait for one, by the token that their call was handed."""

    def send_success(self, token: str, output: JsonObject) -> bool:
        """Let the task that waits with this token succeed; whether it waited.

        Of several answers to a token the first counts. False says that this one changed nothing: no task
        has the token, it timed out or was stopped, or it has an answer already (which may be this one, if it
        was sent before and nobody heard).
        """

    def send_failure(self, token: str, error: str, cause: str) -> bool:
        """Let the task that waits with this token fail, by the name that a Retry or Catch reads."""


class StateMachines(TaskTokens, Protocol):
    """The state machine service. One machine per workflow and type, one version per definition.

    Of an express execution nothing is known but that it was started: it is not described, stopped or found
    by its name, and a start that is repeated runs it again.
    """

    def publish(
        self,
        workflow_id: str,
        definition: JsonObject,
        keep: Collection[str] = (),
        mode: MachineType = "standard",
    ) -> str:
        """Create or update the machine of a workflow; the ARN of the version that has this definition.

        Where there is no room for one more, old versions are deleted, but none whose ARN is in ``keep``.
        DocumentError if the service refuses the definition.
        """

    def discard(self, version_arn: str) -> None:
        """Delete a version that nothing will run; no error if it is gone."""

    def start(self, version_arn: str, execution_id: str, task_input: JsonObject) -> str:
        """Start an execution of that name; its ARN. Starting the same again gives the same ARN.

        NotFoundError when the version is gone; ConflictError when the name was started with another input.
        """

    def run_express(
        self, version_arn: str, execution_id: str, task_input: JsonObject
    ) -> tuple[str, MachineExecution]:
        """Run an express version to its end, within 25 s: the execution's ARN, and how it ended.

        NotFoundError when the version is gone.
        """

    def stop(self, execution_arn: str, error: str, cause: str) -> None:
        """Abort; no error if the execution has ended. NotFoundError if there never was one."""

    def describe(self, execution_arn: str) -> MachineExecution:
        """How it stands; NotFoundError if the service does not know it."""

    def execution_arn(self, version_arn: str, execution_id: str) -> str:
        """The ARN that an execution of that name has, without asking the service."""

    def delete(self, workflow_id: str) -> None:
        """Delete the machines of a workflow; no error if there is none."""
