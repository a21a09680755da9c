"""The port of durations: where they are kept, one record for a workflow."""

from __future__ import annotations

from typing import Protocol

from engine.durations import Durations


class DurationStore(Protocol):
    """Durations by workflow."""

    def get(self, workflow_id: str) -> Durations:
        """What is known; durations of revision 0 where that is nothing. It may be a moment old."""

    def put(self, workflow_id: str, durations: Durations) -> bool:
        """Write durations over those of the revision before; False when others were faster."""
