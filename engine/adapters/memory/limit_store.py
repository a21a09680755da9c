"""Counters of requests and executions in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock

from engine.access.window import Window


class MemoryLimitStore:
    """Keeps LimitStore's promises."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, str]] = Counter()
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._lock = Lock()

    def take(self, subject: str, window: Window, limit: int) -> int | None:
        """Count one more in the window; how many that makes, or None when ``limit`` were counted before."""
        with self._lock:
            if self._counted[subject, window.name] >= limit:
                return None
            self._counted[subject, window.name] += 1
            return self._counted[subject, window.name]

    def give_back(self, subject: str, window: Window) -> None:
        """Count one less; no error if nothing was counted."""
        with self._lock:
            if self._counted[subject, window.name] > 0:
                self._counted[subject, window.name] -= 1

    def hold(self, subject: str, execution_id: str, limit: int) -> tuple[str, ...] | None:
        """Hold a place for the execution; None when it is held, else the ids of those that hold them all."""
        with self._lock:
            held = self._held[subject]
            if execution_id not in held and len(held) >= limit:
                return tuple(sorted(held))
            held.add(execution_id)
            return None

    def release(self, subject: str, execution_id: str) -> None:
        """Give the place back; no error if it was not held."""
        with self._lock:
            self._held[subject].discard(execution_id)
