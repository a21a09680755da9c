"""The log file of a worker: it writes there itself, so that a result never overtakes its own log lines."""

from __future__ import annotations

import os
from pathlib import Path

MAX_LOG_BYTES = 2 * 1024 * 1024
"""A file is emptied beyond this size; CloudWatch Logs keeps what was said."""

MAX_INVOCATION_LOG_BYTES = 256 * 1024
"""As much of one invocation's output is passed on (the last of it)."""


class WorkerLog:
    """An append-only file that is emptied when it grows too large."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("ab")
        self._start = 0

    def fileno(self) -> int:
        """Return the descriptor that the worker inherits as stdout and stderr."""
        return self._file.fileno()

    def begin(self) -> None:
        """Mark where the next invocation's output starts."""
        size = os.fstat(self.fileno()).st_size
        if size > MAX_LOG_BYTES:
            os.ftruncate(self.fileno(), 0)
            size = 0
        self._start = size

    def since_begin(self) -> str:
        """Return what was written since ``begin``."""
        with self._path.open("rb") as reader:
            size = os.fstat(reader.fileno()).st_size
            reader.seek(max(self._start, size - MAX_INVOCATION_LOG_BYTES))
            return reader.read().decode("utf-8", "replace")

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)
