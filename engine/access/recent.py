"""What a process remembers for a short while: bounded, and safe to use from several threads."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, each for ``seconds``; past ``most`` the oldest are forgotten."""

    def __init__(self, seconds: float, most: int = 2_000) -> None:
        self._age = timedelta(seconds=seconds)
        self._most = most
        self._kept: OrderedDict[object, tuple[datetime, T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: object, now: datetime) -> T | None:
        """The value, if it was put less than ``seconds`` ago."""
        with self._lock:
            found = self._kept.get(key)
            return found[1] if found is not None and now - found[0] < self._age else None

    def put(self, key: object, value: T, now: datetime) -> None:
        """Remember the value from now on."""
        with self._lock:
            self._kept[key] = (now, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, key: object) -> None:
        """Forget it, if it is remembered."""
        with self._lock:
            self._kept.pop(key, None)
