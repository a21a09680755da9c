"""The folder that keeps what a local stack holds: one stack at a time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.cli.failure import usage_error

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / ".mini-n8n"


class StateFolder:
    """``lock`` says who uses it; all state lies in ``aws``, so that starting anew deletes nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aws = path / "aws"
        self._lock = path / "lock"

    @contextmanager
    def claim(self, address: str) -> Iterator[None]:
        """Use the folder alone; CommandError names who has it. ``address`` is told to others who try."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise usage_error(
                f"state cannot be kept in {self.path}: {error.strerror}; choose another --state-dir."
            ) from None
        try:
            self._lock_or_fail(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def clear(self) -> None:
        """Forget all state; only of a folder that is claimed."""
        shutil.rmtree(self.aws, ignore_errors=True)

    def _lock_or_fail(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise usage_error(
                f"{self._holder(descriptor)} already uses the state in {self.path}; stop that one, or keep "
                "state elsewhere with --state-dir (and use other ports)."
            ) from None

    def _holder(self, descriptor: int) -> str:
        """Who has the lock, as far as the file says."""
        try:
            holder = json.loads(os.pread(descriptor, 1_000, 0))
            return f"Mini-N8N at {holder['address']} (process {holder['pid']})"
        except (ValueError, KeyError, TypeError):
            return "Another Mini-N8N"
