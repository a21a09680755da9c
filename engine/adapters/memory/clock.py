"""A clock that moves when it is told to, and names the same ids in every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

# Crockford's base 32, as in https://github.com/ulid/spec: digits sort like the numbers they spell.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def _spell(number: int, length: int) -> str:
    return "".join(_DIGITS[number >> (5 * place) & 31] for place in reversed(range(length)))


class ManualClock:
    """Time stands still until ``advance`` or ``sleep``; ``slept`` lists the seconds that were slept."""

    def __init__(self, start: datetime = _START) -> None:
        self._now = start
        self._made = 0
        self._lock = Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time it was set to."""
        return self._now

    def new_id(self, prefix: str) -> str:
        """An id shaped like a ULID: the milliseconds, then how many ids were made before."""
        with self._lock:
            self._made += 1
            milliseconds = int(self._now.timestamp() * 1000)
            return f"{prefix}_{_spell(milliseconds, 10)}{_spell(self._made, 16)}"

    def new_token(self) -> str:
        """22 characters that nobody would guess, if they did not simply count."""
        with self._lock:
            self._made += 1
            return f"{self._made:022d}"

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time on."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
