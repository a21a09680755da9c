"""The pool of execution environments: warm reuse, parallel cold starts, retirement."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from infra.local.aws.lambda_pool.environment import ExecutionEnvironment, InvokeResult
from infra.local.aws.lambda_pool.function_spec import FunctionSpec
from infra.local.aws.lambda_pool.worker_starter import WorkerStarter, can_fork

IDLE_SECONDS = 300.0
"""An environment unused for five minutes is ended (AWS: some minutes, undocumented)."""

_REAP_INTERVAL_SECONDS = 5.0


class LambdaPool:
    """Invokes functions from any thread; its environments live in an event loop of its own.

    That loop's thread also starts the processes: Linux ends a worker when the *thread* that started it ends.
    """

    def __init__(
        self,
        base: Mapping[str, str],
        log_folder: Path,
        idle_seconds: float = IDLE_SECONDS,
        *,
        forks: bool | None = None,
    ) -> None:
        """``forks``: whether workers are forked from templates; None: where that is safe."""
        self._starter = WorkerStarter(dict(base), forks=can_fork() if forks is None else forks)
        self._log_folder = log_folder
        self._idle_seconds = idle_seconds
        self._idle: dict[str, list[ExecutionEnvironment]] = {}
        self._all: set[ExecutionEnvironment] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lambda-pool", daemon=True)
        self._thread.start()
        self._reaper = asyncio.run_coroutine_threadsafe(self._reap_for_ever(), self._loop)

    def invoke(
        self,
        spec: FunctionSpec,
        payload: bytes,
        *,
        function_arn: str | None = None,
        request_id: str | None = None,
        trace_id: str = "",
    ) -> InvokeResult:
        """Run the function on ``payload`` (JSON). Raises OSError when no process can be started."""
        task = self._invoke(
            spec, payload, function_arn or spec.arn, request_id or str(uuid.uuid4()), trace_id
        )
        return asyncio.run_coroutine_threadsafe(task, self._loop).result()

    def worker_count(self) -> int:
        """Return how many workers are alive."""
        return sum(1 for environment in list(self._all) if environment.is_alive)

    def template_count(self) -> int:
        """Return how many templates are kept to fork workers from."""
        return sum(1 for template in list(self._starter.templates.values()) if not template.is_closed)

    def close(self) -> None:
        """End every worker; the pool is of no use afterwards."""
        self._reaper.cancel()
        asyncio.run_coroutine_threadsafe(self._close_all(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _invoke(
        self, spec: FunctionSpec, payload: bytes, function_arn: str, request_id: str, trace_id: str
    ) -> InvokeResult:
        environment = await self._acquire(spec)
        try:
            return await environment.invoke(payload, function_arn, request_id, trace_id)
        finally:
            if environment.is_alive:
                self._idle.setdefault(spec.arn, []).append(environment)
            else:
                self._forget(environment)

    async def _acquire(self, spec: FunctionSpec) -> ExecutionEnvironment:
        """Take the environment used last, or start one; those of older code or configuration are ended."""
        idle = self._idle.get(spec.arn, [])
        outdated = [one for one in idle if one.spec.fingerprint != spec.fingerprint]
        for environment in outdated:
            idle.remove(environment)
            self._retire(environment)
        while idle:
            environment = idle.pop()
            if environment.is_alive:
                return environment
            self._forget(environment)
        environment = ExecutionEnvironment(spec, self._starter, self._log_folder)
        self._all.add(environment)
        return environment

    def _retire(self, environment: ExecutionEnvironment) -> None:
        task = self._loop.create_task(environment.close())
        task.add_done_callback(lambda _: self._forget(environment))

    def _forget(self, environment: ExecutionEnvironment) -> None:
        if environment in self._all:
            self._all.discard(environment)
            environment.discard_log()

    async def _reap_for_ever(self) -> None:
        while True:
            await asyncio.sleep(min(_REAP_INTERVAL_SECONDS, self._idle_seconds / 2))
            oldest = time.monotonic() - self._idle_seconds
            for idle in self._idle.values():
                for environment in [one for one in idle if one.idle_since < oldest or not one.is_alive]:
                    idle.remove(environment)
                    self._retire(environment)
            self._starter.reap(oldest)

    async def _close_all(self) -> None:
        await asyncio.gather(*(environment.close() for environment in list(self._all)))
        await self._starter.close()
        for environment in list(self._all):
            self._forget(environment)
