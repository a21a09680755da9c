"""Latches in memory."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from engine.latch import LatchState


class MemoryLatchStore:
    """Keeps LatchStore's promises."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], LatchState] = {}
        self._lock = Lock()

    def arrive(self, execution_id: str, latch: str, node_id: str) -> LatchState:
        """A node has ended."""
        with self._lock:
            before = self._states.get((execution_id, latch), LatchState(frozenset()))
            now = replace(before, arrived=before.arrived | {node_id})
            self._states[execution_id, latch] = now
            return now

    def register(self, execution_id: str, latch: str, awaited: frozenset[str], token: str) -> LatchState:
        """Somebody waits with this token until the awaited nodes have arrived."""
        with self._lock:
            before = self._states.get((execution_id, latch), LatchState(frozenset()))
            now = replace(before, awaited=awaited, token=token)
            self._states[execution_id, latch] = now
            return now
