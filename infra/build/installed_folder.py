"""A folder that is filled by an installer: current or made anew, never half made.

The stamp is written last. A folder without it, from an interrupted installation, counts as absent.
"""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class InstalledFolder:
    """A folder, and the fingerprint of what belongs into it."""

    path: Path
    fingerprint: str

    @property
    def stamp(self) -> Path:
        """Holds the fingerprint of what stands in the folder."""
        return self.path / ".installed"

    @property
    def lock(self) -> Path:
        """Held while the folder is made; beside it, since making it removes the folder."""
        return self.path.with_name(f"{self.path.name}.lock")

    def is_current(self) -> bool:
        """Whether a finished installation of this very fingerprint stands there."""
        try:
            return self.stamp.read_text(encoding="utf-8") == self.fingerprint
        except FileNotFoundError:
            return False

    def ensure(self, install: Callable[[Path], None]) -> Path:
        """Return the folder, after `install` has filled it if it was not current; others wait meanwhile."""
        if self.is_current():
            return self.path
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.open("w") as lock:
            self._wait_for(lock)
            if not self.is_current():
                self.stamp.unlink(missing_ok=True)
                install(self.path)
                self.stamp.write_text(self.fingerprint, encoding="utf-8")
        return self.path

    def _wait_for(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"{self.path.name} is being made by another start; waiting ...", file=sys.stderr, flush=True
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
