"""How executions go, in memory."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from engine.errors import NotFoundError
from engine.ports import Clock

if TYPE_CHECKING:
    from threading import RLock


class MemoryRemoval:
    """The part of the execution store by which executions go; the store itself takes the record away."""

    _clock: Clock
    _lock: RLock
    _executions: dict[str, str]

    def __init__(self) -> None:
        self._removed: dict[str, datetime] = {}
        self._held: dict[str, set[str]] = {}
        self._gone: set[str] = set()

    def mark_removed(self, execution_id: str, until: datetime) -> None:
        """Say until then that there is no such execution."""
        self._removed[execution_id] = until

    def was_removed(self, execution_id: str) -> bool:
        """Whether that mark stands."""
        until = self._removed.get(execution_id)
        return until is not None and until > self._clock.now()

    def hold(self, execution_id: str, holder_id: str, through: str | None = None) -> None:
        """Keep what an execution made for as long as the holder is kept. NotFoundError."""
        with self._lock:
            asked = through or execution_id
            held = self._held.get(execution_id, set())
            if asked not in self._executions or (through is not None and through not in held):
                raise NotFoundError("execution", asked)
            self._held.setdefault(execution_id, set()).add(holder_id)

    def list_held(self, holder_id: str) -> tuple[str, ...]:
        """The executions that this one holds."""
        with self._lock:
            return tuple(sorted(name for name, holders in self._held.items() if holder_id in holders))

    def release(self, execution_id: str, holder_id: str) -> bool:
        """The holder is gone; whether what the execution made may be deleted now."""
        with self._lock:
            held = self._held.get(execution_id)
            if held is None:
                return False
            held.discard(holder_id)
            return execution_id in self._gone and not held

    def note_gone(self, execution_id: str) -> bool:
        """The execution itself is gone; whether nobody holds what it made."""
        with self._lock:
            self._gone.add(execution_id)
            return not self._held.get(execution_id)

    def forget_holds(self, execution_id: str) -> None:
        """What it made is deleted: forget that somebody held it."""
        with self._lock:
            self._held.pop(execution_id, None)
            self._gone.discard(execution_id)

    def forget_held(self, holder_id: str) -> None:
        """The holder's own note of what it holds goes with its other rows."""
        for name in self.list_held(holder_id):
            self._held[name].discard(holder_id)
