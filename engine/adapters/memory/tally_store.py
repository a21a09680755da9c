"""Tallies in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock


class MemoryTallyStore:
    """Keeps TallyStore's promises."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, amounts: Mapping[str, int]) -> None:
        """Add to each series."""
        with self._lock:
            self._sums.update(amounts)

    def read(self) -> Mapping[str, int]:
        """The sum of each series."""
        with self._lock:
            return dict(sorted(self._sums.items()))
