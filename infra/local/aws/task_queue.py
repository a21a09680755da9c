"""Which executions begin: new ones wait while tasks of those that run wait for an environment.

Step Functions starts each execution at once, and Lambda gives each task an environment. Here environments
are few, and a task's timeout runs while it waits for one: begun all at once, a thousand executions would
time out together. So they begin in the order in which they were started, as fast as their tasks are taken,
and slower while many wait for an answer over HTTP.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.local.aws.lambda_pool.caller import Caller, calling

MAX_WAITING_TASKS = 8
_BEGINNING_SECONDS = 0.2
_LOOK_SECONDS = 0.01
_SECONDS_FOR_REQUESTS = 1.0
"""So long the first in the line stands back for requests: somebody waits for them, and not for it."""


class TaskQueue:
    """Counts the tasks that wait, and lets executions begin while these are few. Safe from many threads."""

    def __init__(
        self, max_waiting: int = MAX_WAITING_TASKS, waiting_requests: Callable[[], int] = lambda: 0
    ) -> None:
        """``waiting_requests``: how many wait for an answer over HTTP, who go first for a while."""
        self._max_waiting, self._waiting_requests = max_waiting, waiting_requests
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
        try:
            with calling(Caller(end)):
                yield
        finally:
            end()

    def begin(self) -> None:
        """Return when it is an execution's turn to begin."""
        turn = threading.Event()
        with self._lock:
            self._line.append(turn)
            self._line[0].set()
        turn.wait()
        first_since = time.monotonic()
        while not self._has_room(time.monotonic() - first_since):
            time.sleep(_LOOK_SECONDS)
        with self._lock:
            self._begun.append(time.monotonic())
            self._line.popleft()
            if self._line:
                self._line[0].set()

    def _has_room(self, seconds: float) -> bool:
        """One that has just begun counts as a task that waits, for it will soon have one."""
        if seconds < _SECONDS_FOR_REQUESTS and self._waiting_requests() >= self._max_waiting:
            return False
        with self._lock:
            latest = time.monotonic() - _BEGINNING_SECONDS
            beginning = sum(moment > latest for moment in self._begun)
            return self._waiting_tasks + beginning < self._max_waiting
