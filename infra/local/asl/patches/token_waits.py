"""Defect: a wait for a task token does not see what came before it began, nor that its branch has ended.

With HeartbeatSeconds an answer that comes while the task's call still runs is missed, and the task fails for
want of a heartbeat. A wait whose branch was ended by a sibling goes on in its thread, for as long as its
timeout says.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

LOOK_SECONDS = 0.1


def _make(_original: Any) -> Any:
    from moto.stepfunctions.parser.asl.eval.callback.callback import (
        CallbackOutcomeTimedOut,
        HeartbeatTimedOut,
    )

    def wait(_self: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any, **_: Any) -> Any:
        """Wait for the answer; the state ends ``env`` after its timeout, so that is not looked at."""
        heard = time.monotonic()
        while not callback_endpoint._notify_event.wait(LOOK_SECONDS) and env.is_running():
            if heartbeat_endpoint is None:
                continue
            if heartbeat_endpoint._next_heartbeat_event.is_set():
                heartbeat_endpoint._next_heartbeat_event.clear()
                heard = time.monotonic()
            elif time.monotonic() - heard > heartbeat_endpoint._heartbeat_seconds:
                return HeartbeatTimedOut()
        return callback_endpoint.get_outcome() or CallbackOutcomeTimedOut(callback_endpoint.callback_id)

    return wait


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback,
    )

    yield Replacement(
        state_task_service_callback.StateTaskServiceCallback, "_eval_wait_for_task_token", _make
    )


PATCH = Patch("asl.token_waits", _replacements)
