"""One execution on moto's interpreter: run it, stop it, read its history, answer its task tokens."""

from __future__ import annotations

import datetime
import enum
import json
import threading
from dataclasses import dataclass
from typing import Any

from infra.local.asl.patches import apply_interpreter_patches
from infra.local.asl.run_settings import RunSettings, running_with


@dataclass(frozen=True)
class ExecutionRequest:
    """What an execution starts from. ``start_date`` is ISO 8601; ``definition`` is ASL text."""

    execution_arn: str
    name: str
    input: Any
    start_date: str
    machine_arn: str
    machine_name: str
    machine_type: str
    role_arn: str
    definition: str


@dataclass(frozen=True)
class AslOutcome:
    """How an execution ended.

    ``status`` is Step Functions' (SUCCEEDED, FAILED, TIMED_OUT, ABORTED); ``output`` is set when it
    succeeded, ``error`` and ``cause`` when it did not; ``events`` is the history as GetExecutionHistory gives
    it.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: list[dict[str, Any]]


class _Ignore:
    """Nobody waits for the interpreter's own notice of the end."""

    def terminated(self) -> None:
        """Do nothing."""


class AslExecution:
    """An execution that ``run`` carries out in the calling thread.

    The other methods come from other threads.
    """

    def __init__(self, request: ExecutionRequest, settings: RunSettings) -> None:
        apply_interpreter_patches()
        self._request = request
        self._settings = settings
        self._worker = _worker(request)
        self._lock = threading.Lock()
        self._stop: tuple[str | None, str | None] | None = None

    def run(self) -> AslOutcome:
        """Run to the end. Raises InvalidDefinitionError-like parser errors when the definition is broken."""
        with running_with(self._request.execution_arn, self._settings):
            self._worker.start()
        return self._outcome()

    def stop(self, error: str | None, cause: str | None) -> None:
        """Abort: waits end at once, a running Lambda is not interrupted but its result is dropped."""
        env = self._worker.env
        self._stop = (error, cause)
        if env is None:
            return
        env.set_stop(stop_date=datetime.datetime.now(datetime.UTC), error=error, cause=cause)
        for endpoint in list(env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()

    def events(self) -> list[dict[str, Any]]:
        """Return the history so far."""
        env = self._worker.env
        return [] if env is None else _plain(env.event_manager.get_event_history())

    def send_task_success(self, token: str, output: str) -> bool:
        """Answer a task token; False when it is not one of this execution's waiting tasks."""
        from moto.stepfunctions.parser.asl.eval.callback import callback

        return self._notify(token, callback.CallbackOutcomeSuccess(token, output))

    def send_task_failure(self, token: str, error: str | None, cause: str | None) -> bool:
        """Fail a task token; False when it is not one of this execution's waiting tasks."""
        from moto.stepfunctions.parser.asl.eval.callback import callback

        return self._notify(token, callback.CallbackOutcomeFailure(token, error, cause))

    def send_task_heartbeat(self, token: str) -> bool:
        """Keep a task token alive; False when it is not one of this execution's waiting tasks."""
        endpoint = self._endpoint(token)
        if endpoint is None:
            return False
        endpoint.notify_heartbeat()
        return True

    def _endpoint(self, token: str) -> Any:
        env = self._worker.env
        return None if env is None else env.callback_pool_manager.get(token)

    def _notify(self, token: str, outcome: Any) -> bool:
        with self._lock:  # of two answers to one token the first counts
            endpoint = self._endpoint(token)
            if endpoint is None or endpoint._notify_event.is_set() or endpoint.get_outcome() is not None:
                return False
            endpoint.notify(outcome)
            return True

    def _outcome(self) -> AslOutcome:
        from moto.stepfunctions.parser.asl.eval import program_state as states

        env = self._worker.env
        state = env.program_state()
        events = self.events()
        if isinstance(state, states.ProgramEnded):
            output = json.loads(json.dumps(env.states.get_input(), default=str))
            return AslOutcome("SUCCEEDED", output, None, None, events)
        if isinstance(state, states.ProgramTimedOut):
            return AslOutcome("TIMED_OUT", None, None, None, _with_timeout(events))
        if isinstance(state, states.ProgramStopped) or self._stop is not None:
            error, cause = self._stop or (None, None)
            return AslOutcome("ABORTED", None, error, cause, events)
        details = (state.error if isinstance(state, states.ProgramError) else None) or {}
        return AslOutcome("FAILED", None, details.get("error"), details.get("cause"), events)


def _worker(request: ExecutionRequest) -> Any:
    from moto.stepfunctions.parser.asl.eval import evaluation_details as details
    from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

    region, account = request.execution_arn.split(":")[3:5]
    return SyncExecutionWorker(
        details.EvaluationDetails(
            details.AWSExecutionDetails(account, region, request.role_arn),
            details.ExecutionDetails(
                request.execution_arn, request.name, request.role_arn, request.input, request.start_date
            ),
            details.StateMachineDetails(
                request.machine_arn, request.machine_name, request.machine_type, request.definition
            ),
        ),
        exec_comm=_Ignore(),
        cloud_watch_logging_session=None,
        activity_store={},
    )


def _with_timeout(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the last event, which the interpreter writes only when the state that overran comes back."""
    if events and events[-1]["type"] == "ExecutionTimedOut":
        return events
    last = events[-1]["id"] if events else 0
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ended = {"id": last + 1, "previousEventId": last, "type": "ExecutionTimedOut", "timestamp": now}
    return [*events, {**ended, "executionTimedOutEventDetails": {}}]


def _plain(value: Any) -> Any:
    """Return the value in JSON's own types: enumerations by value, times as ISO 8601."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
