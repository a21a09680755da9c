"""Metrics in memory: what a test asks after."""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock
from typing import TypeAlias

Series: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


class MemoryMetrics:
    """Adds up counters and lists durations."""

    def __init__(self) -> None:
        self._totals: Counter[Series] = Counter()
        self._durations: defaultdict[Series, list[float]] = defaultdict(list)
        self._lock = Lock()

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add to a counter."""
        with self._lock:
            # Counter's stubs say int; it adds any number.
            self._totals[name, frozenset(dimensions.items())] += value  # type: ignore[assignment]

    def milliseconds(self, name: str, value: float, **dimensions: str) -> None:
        """Record a duration."""
        with self._lock:
            self._durations[name, frozenset(dimensions.items())].append(value)

    def total(self, name: str, **dimensions: str) -> float:
        """The sum of a counter over every series that has these dimensions."""
        wanted = frozenset(dimensions.items())
        with self._lock:
            return sum(v for (n, found), v in self._totals.items() if n == name and wanted <= found)

    def durations(self, name: str, **dimensions: str) -> list[float]:
        """Durations of every series that has these dimensions, in milliseconds."""
        wanted = frozenset(dimensions.items())
        with self._lock:
            series = [v for (n, found), v in self._durations.items() if n == name and wanted <= found]
        return [value for values in series for value in values]
