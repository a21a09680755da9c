"""The system's time and randomness."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

from ulid import LaxMonotonicPolicy, ULIDGenerator


class SystemClock:
    """Keeps Clock's promises. Ids made by one process in one millisecond still count upwards."""

    def __init__(self) -> None:
        # Lax: should the random part of a millisecond ever overflow, a new random part beats an error.
        self._ids = ULIDGenerator(policy=LaxMonotonicPolicy())

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def new_id(self, prefix: str) -> str:
        """``<prefix>_<ULID>``."""
        return f"{prefix}_{self._ids.generate()}"

    def new_token(self) -> str:
        """128 random bits as 22 characters that URLs carry as they are."""
        return secrets.token_urlsafe(16)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
