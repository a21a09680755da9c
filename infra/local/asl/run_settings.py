"""What one execution runs with: how fast its clock goes and who answers its Lambda calls.

The interpreter starts threads of its own for every state, so neither thread locals nor context variables
reach them; the execution ARN in the context object does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Invoke = Callable[[str, Any], Any]
"""``(function name or ARN, payload) -> result``; what it raises becomes a Lambda function error."""


class FunctionError(Exception):
    """A function's own error; the message is its error document, as JSON."""


@dataclass(frozen=True)
class RunSettings:
    """Settings of one execution.

    ``time_scale`` multiplies Wait states and retry intervals: 1 is real time, 0.1 ten times faster, 0 no
    waiting. ``invoke`` answers Lambda tasks in this process; None sends them to the Lambda service.
    """

    time_scale: float = 1.0
    invoke: Invoke | None = None


_by_execution: dict[str, RunSettings] = {}
_lock = threading.Lock()
_DEFAULT = RunSettings()


@contextmanager
def running_with(execution_arn: str, settings: RunSettings) -> Iterator[None]:
    """Let the execution run with ``settings`` for the time of the block."""
    with _lock:
        _by_execution[execution_arn] = settings
    try:
        yield
    finally:
        with _lock:
            _by_execution.pop(execution_arn, None)


def settings_of(env: Any) -> RunSettings:
    """Return the settings of the execution that an interpreter environment belongs to."""
    execution_arn = env.states.context_object.context_object_data["Execution"]["Id"]
    return _by_execution.get(execution_arn, _DEFAULT)


def wait_scaled(env: Any, seconds: float) -> None:
    """Wait ``seconds`` of the execution's time; return at once when the execution ends."""
    deadline = time.monotonic() + seconds * settings_of(env).time_scale
    while env.is_running() and (left := deadline - time.monotonic()) > 0:
        env.program_state_event.wait(left)
