"""State machines in memory: definitions and starts are written down, and a hook may run them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from threading import RLock

from engine.adapters.memory.clock import ManualClock
from engine.errors import ConflictError, NotFoundError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject, canonical_json
from engine.machine import MachineExecution
from engine.ports import Clock
from engine.workflow import MachineType

_ARN = "arn:aws:states:memory:000000000000"


def _machine(workflow_id: str, mode: MachineType) -> str:
    ending = "-express" if mode == "express" else ""
    return f"{_ARN}:stateMachine:mini-n8n-{workflow_id}{ending}"


def _is_express(version_arn: str) -> bool:
    return version_arn.rpartition(":")[0].endswith("-express")


@dataclass(frozen=True)
class StartedExecution:
    """A start that was asked for, and how it stands; it goes by its definition if the version goes."""

    execution_arn: str
    version_arn: str
    execution_id: str
    task_input: JsonObject
    definition: JsonObject
    machine_execution: MachineExecution


@dataclass(frozen=True)
class TokenAnswer:
    """What was sent to a task that waits with a token: an output, or an error and its cause."""

    token: str
    output: JsonObject | None = None
    error: str | None = None
    cause: str | None = None


class MemoryStateMachines:
    """Keeps StateMachines' promises, but runs nothing by itself.

    ``on_start`` is called with each new start, outside of any lock and after it can be described; it may
    interpret ``definition(started.version_arn)`` and then call ``end``. ``on_publish`` is
    called with each definition and plays a service that refuses: a DocumentError it raises comes out of
    ``publish``. Task tokens are opened with ``open_token``, as a Task state would; where an interpreter runs
    the machines, ``on_answer`` hands it every answer and returns whether a task waited for it. ``answered``
    has the outputs by token, ``failed`` errors and causes.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        on_start: Callable[[StartedExecution], None] | None = None,
        on_publish: Callable[[JsonObject], None] | None = None,
        on_answer: Callable[[TokenAnswer], bool] | None = None,
    ) -> None:
        self._clock = clock or ManualClock()
        self.on_start = on_start
        self.on_publish = on_publish
        self.on_answer = on_answer
        self._open_tokens: set[str] = set()
        self.answered: dict[str, JsonObject] = {}
        self.failed: dict[str, tuple[str, str]] = {}
        self._definitions: dict[str, JsonObject] = {}
        self._version_counts: dict[str, int] = {}
        self._started: dict[str, StartedExecution] = {}
        self._lock = RLock()

    @property
    def started(self) -> tuple[StartedExecution, ...]:
        """All starts, in order."""
        return tuple(self._started.values())

    def open_token(self, token: str) -> None:
        """Let a task wait with this token."""
        with self._lock:
            self._open_tokens.add(token)

    def definition(self, version_arn: str) -> JsonObject:
        """The definition of a version; NotFoundError."""
        found = self._definitions.get(version_arn)
        if found is None:
            raise NotFoundError("state machine version", version_arn)
        return found

    def publish(
        self,
        workflow_id: str,
        definition: JsonObject,
        keep: Collection[str] = (),
        mode: MachineType = "standard",
    ) -> str:
        """Keep the definition as a version; the ARN of the version that has it."""
        if self.on_publish is not None:
            self.on_publish(definition)
        machine = _machine(workflow_id, mode)
        text = canonical_json(definition)
        with self._lock:
            for arn, kept in self._definitions.items():
                if arn.startswith(f"{machine}:") and canonical_json(kept) == text:
                    return arn
            number = self._version_counts[machine] = self._version_counts.get(machine, 0) + 1
            self._definitions[f"{machine}:{number}"] = definition
            return f"{machine}:{number}"

    def discard(self, version_arn: str) -> None:
        """Delete a version; no error if it is gone."""
        with self._lock:
            self._definitions.pop(version_arn, None)

    def start(self, version_arn: str, execution_id: str, task_input: JsonObject) -> str:
        """Write down the start and call ``on_start``; ConflictError if the name was started otherwise."""
        arn = self.execution_arn(version_arn, execution_id)
        with self._lock:
            if _is_express(version_arn):
                arn = f"{arn.replace(':execution:', ':express:')}:{len(self._started)}"
            before = self._started.get(arn)
            if before is not None:
                if (before.version_arn, before.task_input) == (version_arn, task_input):
                    return arn
                raise ConflictError(f"Execution '{execution_id}' was started with another input.")
            definition = self.definition(version_arn)
            standing = MachineExecution(ExecutionStatus.RUNNING, self._clock.now())
            started = StartedExecution(arn, version_arn, execution_id, task_input, definition, standing)
            self._started[arn] = started
        if self.on_start is not None:
            self.on_start(started)
        return arn

    def run_express(
        self, version_arn: str, execution_id: str, task_input: JsonObject
    ) -> tuple[str, MachineExecution]:
        """Start it; ``on_start`` runs it, and what it leaves running is over its time."""
        arn = self.start(version_arn, execution_id, task_input)
        self.end(arn, ExecutionStatus.TIMED_OUT, error="States.Timeout")
        return arn, self._started[arn].machine_execution

    def stop(self, execution_arn: str, error: str, cause: str) -> None:
        """Abort; no error if the execution has ended. NotFoundError if there never was one, or by express."""
        self.describe(execution_arn)
        self.end(execution_arn, ExecutionStatus.ABORTED, error=error, cause=cause)

    def send_success(self, token: str, output: JsonObject) -> bool:
        """Let the task that waits with this token succeed; whether it waited."""
        waited = self._answer(TokenAnswer(token, output=output))
        if waited:
            self.answered[token] = output
        return waited

    def send_failure(self, token: str, error: str, cause: str) -> bool:
        """Let the task that waits with this token fail; whether it waited."""
        waited = self._answer(TokenAnswer(token, error=error, cause=cause))
        if waited:
            self.failed[token] = error, cause
        return waited

    def end(
        self,
        execution_arn: str,
        status: ExecutionStatus,
        *,
        ended_at: datetime | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        """Let an execution end so, as the service would, unless it has ended; NotFoundError."""
        with self._lock:
            started = self._found(execution_arn)
            if started.machine_execution.status.ended:
                return
            ended_at = ended_at or self._clock.now()
            begun = started.machine_execution.started_at
            ended = MachineExecution(status, begun, ended_at, error, cause)
            self._started[execution_arn] = replace(started, machine_execution=ended)

    def describe(self, execution_arn: str) -> MachineExecution:
        """How it stands; NotFoundError if it was never started, or is an express one."""
        if ":express:" in execution_arn:
            raise NotFoundError("execution", execution_arn)
        return self._found(execution_arn).machine_execution

    def execution_arn(self, version_arn: str, execution_id: str) -> str:
        """The ARN that an execution of that name has."""
        machine, _, _ = version_arn.rpartition(":")
        return f"{machine.replace(':stateMachine:', ':execution:')}:{execution_id}"

    def delete(self, workflow_id: str) -> None:
        """Delete the machines of a workflow; no error if there is none."""
        gone = (f"{_machine(workflow_id, 'standard')}:", f"{_machine(workflow_id, 'express')}:")
        with self._lock:
            for arn in [arn for arn in self._definitions if arn.startswith(gone)]:
                del self._definitions[arn]

    def _answer(self, answer: TokenAnswer) -> bool:
        with self._lock:
            waited = answer.token in self._open_tokens
            self._open_tokens.discard(answer.token)
        if not waited and self.on_answer is not None:
            waited = self.on_answer(answer)
        return waited

    def _found(self, execution_arn: str) -> StartedExecution:
        found = self._started.get(execution_arn)
        if found is None:
            raise NotFoundError("execution", execution_arn)
        return found
