"""The cache in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from threading import Lock

from engine.adapters.record import dump_record, load_record
from engine.ports import CacheCounts, CacheEntry


class MemoryCacheStore:
    """Keeps CacheStore's promises."""

    def __init__(self) -> None:
        self._entries: dict[str, str] = {}
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._lock = Lock()

    def get(self, key: str, now: datetime) -> CacheEntry | None:
        """A result or an in-progress mark that has not expired at ``now``."""
        text = self._entries.get(key)
        entry = load_record(CacheEntry, text) if text is not None else None
        return entry if entry is not None and entry.expires_at > now else None

    def acquire(self, entry: CacheEntry, now: datetime) -> CacheEntry | None:
        """Set an in-progress mark; None when set, else the entry that stands."""
        if entry.holder is None:
            raise ValueError(f"the in-progress mark of '{entry.key}' names no holder")
        with self._lock:
            standing = self.get(entry.key, now)
            if standing is None or standing.holder == entry.holder:
                self._entries[entry.key] = dump_record(entry)
                return None
            return standing

    def put(self, entry: CacheEntry, now: datetime) -> None:
        """Store a result, over any mark."""
        if entry.holder is not None:
            raise ValueError(f"the result of '{entry.key}' names a holder")
        with self._lock:
            self._entries[entry.key] = dump_record(entry)

    def release(self, key: str, holder: str) -> None:
        """Take away the mark of ``holder``, if it still stands."""
        with self._lock:
            text = self._entries.get(key)
            if text is not None and load_record(CacheEntry, text).holder == holder:
                del self._entries[key]

    def count(self, node_type: str, *, hit: bool) -> None:
        """Count a hit or a miss."""
        with self._lock:
            self._counts[node_type, hit] += 1

    def counts(self) -> Mapping[str, CacheCounts]:
        """Hits and misses by node type, since the counters were last cleared."""
        with self._lock:
            types = sorted({node_type for node_type, _ in self._counts})
            return {name: CacheCounts(self._counts[name, True], self._counts[name, False]) for name in types}

    def clear(self, node_type: str | None = None) -> int:
        """Forget results (of one node type) and their counters; how many results were forgotten."""
        with self._lock:
            entries = [load_record(CacheEntry, text) for text in self._entries.values()]
            gone = [e.key for e in entries if e.holder is None and node_type in (None, e.node_type)]
            for key in gone:
                del self._entries[key]
            for counter in [c for c in self._counts if node_type in (None, c[0])]:
                del self._counts[counter]
            return len(gone)
