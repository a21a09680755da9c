"""Which executions begin: new ones wait while tasks of those that run wait for an environment.

Step Functions starts each execution at once, and Lambda gives each task an environment. Here environments
are few, and a task's timeout runs while it waits for one: begun all at once, a thousand executions would
time out together. So they begin in the order in which they were started, as fast as their tasks are taken.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MAX_WAITING_TASKS = 8
_BEGINNING_SECONDS = 0.2
_LOOK_SECONDS = 0.01

_on_turn: contextvars.ContextVar[Callable[[], None]] = contextvars.ContextVar("on_turn", default=lambda: None)


def current_on_turn() -> Callable[[], None]:
    """What is to be told when the call that this thread makes gets its environment."""
    return _on_turn.get()


class TaskQueue:
    """Counts the tasks that wait, and lets executions begin while these are few. Safe from many threads."""

    def __init__(self, max_waiting: int = MAX_WAITING_TASKS) -> None:
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._waiting_tasks = 0
        self._line: deque[threading.Event] = deque()
        self._begun: deque[float] = deque(maxlen=max_waiting)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A task waits, until it gets its environment or the block ends."""
        ended = threading.Event()

        def end() -> None:
            with self._lock:
                self._waiting_tasks -= not ended.is_set()
                ended.set()

        with self._lock:
            self._waiting_tasks += 1
        token = _on_turn.set(end)
        try:
            yield
        finally:
            _on_turn.reset(token)
            end()

    def begin(self) -> None:
        """Return when it is an execution's turn to begin."""
        turn = threading.Event()
        with self._lock:
            self._line.append(turn)
            self._line[0].set()
        turn.wait()
        while not self._has_room():
            time.sleep(_LOOK_SECONDS)
        with self._lock:
            self._begun.append(time.monotonic())
            self._line.popleft()
            if self._line:
                self._line[0].set()

    def _has_room(self) -> bool:
        """One that has just begun counts as a task that waits, for it will soon have one."""
        with self._lock:
            latest = time.monotonic() - _BEGINNING_SECONDS
            beginning = sum(moment > latest for moment in self._begun)
            return self._waiting_tasks + beginning < self._max_waiting
