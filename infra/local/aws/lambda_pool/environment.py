"""One execution environment: a worker process, its Runtime API and its log."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.aws.lambda_pool import error_document
from infra.local.aws.lambda_pool.capacity import wanted_seconds
from infra.local.aws.lambda_pool.function_spec import FunctionSpec
from infra.local.aws.lambda_pool.runtime_api import Answer, Invocation, RuntimeApi
from infra.local.aws.lambda_pool.template_process import InitFailedError
from infra.local.aws.lambda_pool.worker_log import WorkerLog
from infra.local.aws.lambda_pool.worker_process import Worker
from infra.local.aws.lambda_pool.worker_starter import INIT_TIMEOUT_SECONDS, StartRequest, WorkerStarter

_LEAST_SECONDS = 0.001
"""What a worker that waits needs between two looks, for its timers and the like."""


@dataclass(frozen=True)
class InvokeResult:
    """The document a function returned (or its error document) and what it wrote meanwhile."""

    payload: bytes
    is_error: bool
    log: str


class ExecutionEnvironment:
    """Serves one invocation at a time; ``is_alive`` turns False for good when the process has ended."""

    def __init__(self, spec: FunctionSpec, starter: WorkerStarter, log_folder: Path) -> None:
        self.spec = spec
        self.is_alive = True
        self.idle_since = time.monotonic()
        self._starter = starter
        self._stream = uuid.uuid4().hex
        self._log = WorkerLog(log_folder / f"{spec.name}-{self._stream[:8]}.log")
        self._is_begun, self._is_ready = asyncio.Event(), asyncio.Event()
        self._api = RuntimeApi(self._is_ready)
        self._worker: Worker | None = None
        self._wanted_seconds = 0.0
        self._is_used, self._late_seconds = False, 0.0
        self._end = asyncio.get_running_loop().create_task(self._live())

    async def invoke(self, payload: bytes, function_arn: str, request_id: str, trace_id: str) -> InvokeResult:
        """Run the handler once; a crash, a timeout or a failed import ends the environment.

        Raises OSError when no process can be started.
        """
        await self.wait_until_ready()
        if self._is_used:  # what its module printed belongs to the first invocation
            self._log.begin()
        self._is_used = True
        timeout = max(0.0, self.spec.timeout_seconds - self._late_seconds)
        self._late_seconds = 0.0
        deadline_ms = int((time.time() + timeout) * 1000)
        if not self.is_alive:
            answer = await self._ended(request_id)
        else:
            invocation = Invocation(request_id, payload, deadline_ms, function_arn, trace_id)
            answer = await self._run(invocation, timeout)
        self.idle_since = time.monotonic()
        return InvokeResult(answer.payload, answer.is_error, self._log.since_begin())

    async def wait_until_ready(self) -> None:
        """Wait for the handler to load, for init and run time together at most.

        What it takes beyond the time of init, without the wait for other environments that start, is
        taken from the run time of the first invocation.
        """
        if self._is_ready.is_set() or self._late_seconds > 0:
            return
        await self._is_begun.wait()
        started = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INIT_TIMEOUT_SECONDS + self.spec.timeout_seconds):
                await self._is_ready.wait()
        self._late_seconds = max(0.0, time.monotonic() - started - INIT_TIMEOUT_SECONDS)

    def is_computing(self) -> bool:
        """Whether the worker had the processor since the last call, or waited for it."""
        earlier, self._wanted_seconds = self._wanted_seconds, self._worker_seconds()
        return self._wanted_seconds - earlier > _LEAST_SECONDS

    def _worker_seconds(self) -> float:
        return wanted_seconds(self._worker.pid) if self._worker else 0.0

    async def close(self) -> None:
        """End the worker and whatever it started; returns when it is gone."""
        self.is_alive = False
        if self._worker is None:
            self._end.cancel()
        else:
            self._worker.kill()
        await asyncio.wait({self._end})

    async def _run(self, invocation: Invocation, timeout_seconds: float) -> Answer:
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
        returncode = await self._end
        document = self._api.init_error or error_document.exited(request_id, returncode)
        return Answer(document, is_error=True)

    async def _live(self) -> int:
        """Be a worker from its start to its end; return its exit code."""
        try:
            address = await self._api.start()
            request = StartRequest(
                self.spec, address, self._stream, self._log.fileno(), self._is_begun, self._is_ready
            )
            self._worker = await self._starter.start(request)
            return await asyncio.shield(self._worker.end)
        except InitFailedError as error:
            self._api.init_error = error.document
            return error.returncode
        finally:
            self.is_alive = False
            self._is_begun.set()
            self._is_ready.set()
            await self._api.close()

    def discard_log(self) -> None:
        """Remove the log file, once nobody reads it any more."""
        self._log.close()
