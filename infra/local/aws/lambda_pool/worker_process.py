"""A worker as the pool sees it, and the plain way to start one: a fresh interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Worker:
    """A process that leads a process group; ``end`` is its exit code, a signal's number below zero."""

    pid: int
    end: asyncio.Future[int]

    def kill(self) -> None:
        """End it and whatever it started, unless it has ended."""
        if not self.end.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


async def start_afresh(variables: Mapping[str, str], folder: str, log: int) -> Worker:
    """Start a worker in an interpreter of its own, in ``folder``. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # the folder of this package must not be on the function's import path
        str(_WORKER),
        stdin=asyncio.subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd=folder,
        env=variables,
        start_new_session=True,
    )
    return Worker(process.pid, asyncio.ensure_future(process.wait()))
