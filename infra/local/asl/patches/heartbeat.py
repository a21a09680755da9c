"""Defect: a missed heartbeat is reported as States.Timeout.

AWS reports States.HeartbeatTimeout, so that a Retry or Catch can tell a silent worker from a slow one; moto
turns its own HeartbeatTimeoutError into the general timeout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_ERROR = "States.HeartbeatTimeout"


def _make(original: Any) -> Any:
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError

    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = original(self, env, ex)
        if not isinstance(ex, HeartbeatTimeoutError):
            return event
        for details in event.event_details.values():
            details["error"] = _ERROR
        return FailureEvent(
            env=env,
            error_name=StatesErrorName.from_name(_ERROR),
            event_type=event.event_type,
            event_details=event.event_details,
        )

    return from_error


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback,
    )

    yield Replacement(state_task_service_callback.StateTaskServiceCallback, "_from_error", _make)


PATCH = Patch("asl.heartbeat", _replacements)
