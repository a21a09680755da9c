"""One execution environment: a worker process, its Runtime API and its log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.aws.lambda_pool import error_document
from infra.local.aws.lambda_pool.function_spec import FunctionSpec, environment_variables
from infra.local.aws.lambda_pool.runtime_api import Answer, Invocation, RuntimeApi
from infra.local.aws.lambda_pool.worker_log import WorkerLog

INIT_TIMEOUT_SECONDS = 10
"""Init beyond it counts as run time (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html)."""

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class InvokeResult:
    """The document a function returned (or its error document) and what it wrote meanwhile."""

    payload: bytes
    is_error: bool
    log: str


class ExecutionEnvironment:
    """Serves one invocation at a time; ``is_alive`` turns False for good when the process has ended."""

    def __init__(self, spec: FunctionSpec, base: Mapping[str, str], log_folder: Path) -> None:
        self.spec = spec
        self.is_alive = True
        self.idle_since = time.monotonic()
        self._base = base
        self._stream = uuid.uuid4().hex
        self._log = WorkerLog(log_folder / f"{spec.name}-{self._stream[:8]}.log")
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._end: asyncio.Task[int] | None = None

    async def start(self) -> None:
        """Start the worker. Raises OSError when no process can be started."""
        address = await self._api.start()
        variables = environment_variables(self.spec, self._base, address, self._stream)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the folder of this package must not be on the function's import path
            str(_WORKER),
            stdin=asyncio.subprocess.PIPE,
            stdout=self._log.fileno(),
            stderr=self._log.fileno(),
            cwd=self.spec.code_root,
            env=variables,
            start_new_session=True,
        )
        self._end = asyncio.create_task(self._watch(self._process))

    async def invoke(self, payload: bytes, function_arn: str, request_id: str, trace_id: str) -> InvokeResult:
        """Run the handler once; a crash, a timeout or a failed import ends the environment."""
        self._log.begin()
        started = await self._wait_until_ready()
        timeout = self.spec.timeout_seconds - max(0.0, started - INIT_TIMEOUT_SECONDS)
        deadline_ms = int((time.time() + max(0.0, timeout)) * 1000)
        if not self.is_alive:
            answer = await self._ended(request_id)
        else:
            invocation = Invocation(request_id, payload, deadline_ms, function_arn, trace_id)
            answer = await self._run(invocation, timeout)
        self.idle_since = time.monotonic()
        return InvokeResult(answer.payload, answer.is_error, self._log.since_begin())

    async def close(self) -> None:
        """End the worker and whatever it started; returns when it is gone."""
        self.is_alive = False
        if self._process is None or self._end is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._end

    async def _wait_until_ready(self) -> float:
        """Wait for the handler to load, for init and run time together at most.

        Return the seconds it took.
        """
        started = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INIT_TIMEOUT_SECONDS + self.spec.timeout_seconds):
                await self._api.is_ready.wait()
        return time.monotonic() - started

    async def _run(self, invocation: Invocation, timeout_seconds: float) -> Answer:
        assert self._end is not None  # noqa: S101 - start() comes before invoke()
        answer = self._api.submit(invocation)
        first: set[asyncio.Future[Any]] = {answer, self._end}
        await asyncio.wait(first, timeout=max(0.0, timeout_seconds), return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        if self._end.done():
            return await self._ended(invocation.request_id)
        await self.close()
        document = error_document.timed_out(invocation.request_id, self.spec.timeout_seconds)
        return Answer(document, is_error=True)

    async def _ended(self, request_id: str) -> Answer:
        assert self._end is not None  # noqa: S101 - start() comes before invoke()
        returncode = await self._end
        document = self._api.init_error or error_document.exited(request_id, returncode)
        return Answer(document, is_error=True)

    async def _watch(self, process: asyncio.subprocess.Process) -> int:
        returncode = await process.wait()
        self.is_alive = False
        self._api.is_ready.set()
        await self._api.close()
        return returncode

    def discard_log(self) -> None:
        """Remove the log file, once nobody reads it any more."""
        self._log.close()
