"""Who waits for an invocation."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Caller:
    """Is told when its invocation gets an environment, and knows how long it stood in the queue."""

    def __init__(self, on_turn: Callable[[], None] = lambda: None, *, is_request: bool = False) -> None:
        """``is_request``: somebody waits for an answer over HTTP."""
        self.is_request = is_request
        self._on_turn = on_turn
        self._joined_at: float | None = None
        self._turn_at: float | None = None

    @property
    def queue_seconds(self) -> float:
        """The time in the queue, so far or in all."""
        if self._joined_at is None:
            return 0.0
        return (self._turn_at or time.monotonic()) - self._joined_at

    def join(self) -> None:
        """The invocation stands in the queue."""
        self._joined_at = time.monotonic()

    def take_turn(self) -> None:
        """The invocation has its environment."""
        self._turn_at = time.monotonic()
        self._on_turn()


_caller: contextvars.ContextVar[Caller | None] = contextvars.ContextVar("caller", default=None)


def current_caller() -> Caller | None:
    """Who makes the calls of this context."""
    return _caller.get()


@contextmanager
def calling(caller: Caller) -> Iterator[Caller]:
    """Make the calls of the block, and of what it starts, in this name."""
    token = _caller.set(caller)
    try:
        yield caller
    finally:
        _caller.reset(token)
