"""Durations in memory."""

from __future__ import annotations

from threading import Lock

from engine.adapters.record import dump_record, load_record
from engine.durations import Durations


class MemoryDurationStore:
    """Keeps DurationStore's promises."""

    def __init__(self) -> None:
        self._records: dict[str, str] = {}
        self._lock = Lock()

    def get(self, workflow_id: str) -> Durations:
        """What is known; durations of revision 0 where that is nothing."""
        text = self._records.get(workflow_id)
        return Durations() if text is None else load_record(Durations, text)

    def put(self, workflow_id: str, durations: Durations) -> bool:
        """Write durations over those of the revision before; False when others were faster."""
        text = dump_record(durations)
        with self._lock:
            if self.get(workflow_id).revision != durations.revision - 1:
                return False
            self._records[workflow_id] = text
            return True
