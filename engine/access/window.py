"""Windows of time that requests and executions are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Literal

WindowKind = Literal["requests", "executions"]
# Requests are counted by the minute, executions by the day in UTC.
SECONDS: dict[WindowKind, int] = {"requests": 60, "executions": 86_400}


@dataclass(frozen=True)
class Window:
    """A stretch of time that begins where the last one ended, the same for every process."""

    kind: WindowKind
    starts_at: datetime

    @classmethod
    def at(cls, kind: WindowKind, now: datetime) -> Window:
        """The window that ``now`` lies in."""
        seconds = SECONDS[kind]
        return cls(kind, datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC))

    @property
    def ends_at(self) -> datetime:
        """When counting starts anew."""
        return self.starts_at + timedelta(seconds=SECONDS[self.kind])

    @property
    def name(self) -> str:
        """Its name among the windows of one subject."""
        return f"{self.kind}#{int(self.starts_at.timestamp())}"

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until counting starts anew, at least one."""
        return max(1, ceil((self.ends_at - now).total_seconds()))
