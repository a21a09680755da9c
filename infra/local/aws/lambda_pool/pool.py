"""The pool of execution environments: who gets one, when another is started, and when one is ended."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from infra.local.aws.lambda_pool.caller import Caller
from infra.local.aws.lambda_pool.capacity import Capacity, ProcessorWatch
from infra.local.aws.lambda_pool.environment import ExecutionEnvironment, InvokeResult
from infra.local.aws.lambda_pool.function_queue import FunctionQueue
from infra.local.aws.lambda_pool.function_spec import FunctionSpec
from infra.local.aws.lambda_pool.worker_starter import WorkerStarter, can_fork

IDLE_SECONDS = 300.0
"""An environment unused for five minutes is ended (AWS: some minutes, undocumented)."""

_REAP_INTERVAL_SECONDS = 5.0
_GROW_INTERVAL_SECONDS = 0.05


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
        capacity: Capacity | None = None,
    ) -> None:
        """``forks``: whether workers are forked from templates; None: where that is safe."""
        self._capacity = capacity or Capacity()
        self._processor = ProcessorWatch()
        self._starter = WorkerStarter(dict(base), forks=can_fork() if forks is None else forks)
        self._log_folder = log_folder
        self._idle_seconds = idle_seconds
        # Invocations without an environment that somebody waits for over HTTP.
        self.waiting_requests = 0
        self._queues: dict[tuple[str, str], FunctionQueue] = {}
        self._growth: asyncio.Task[None] | None = None
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
        caller: Caller | None = None,
    ) -> InvokeResult:
        """Run the function on ``payload`` (JSON), once it is its turn, which ``caller`` is told.

        Raises OSError when no process can be started, NoEnvironmentError when none came free in time.
        """

        async def run() -> InvokeResult:
            async with self._environment(spec, caller or Caller()) as environment:
                names = (function_arn or spec.arn, request_id or str(uuid.uuid4()), trace_id)
                return await environment.invoke(payload, *names)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def worker_count(self) -> int:
        """Return how many workers are alive."""
        return sum(queue.alive_count for queue in list(self._queues.values()))

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

    @asynccontextmanager
    async def _environment(self, spec: FunctionSpec, caller: Caller) -> AsyncIterator[ExecutionEnvironment]:
        caller.join()
        queue = self._queue(spec)
        environment = queue.take_idle()
        if environment is None:
            turn = queue.join()
            self._grow_while_wanted()
            self.waiting_requests += caller.is_request
            try:
                environment = await queue.wait(turn, self._capacity.queue_seconds)
            finally:
                self.waiting_requests -= caller.is_request
        try:
            caller.take_turn()
            yield environment
        finally:
            queue.give_back(environment)

    def _queue(self, spec: FunctionSpec) -> FunctionQueue:
        """The queue of this configuration; what is idle of others of the function is ended."""
        key = (spec.arn, spec.fingerprint)
        if key not in self._queues:
            self._queues[key] = FunctionQueue(
                lambda: ExecutionEnvironment(spec, self._starter, self._log_folder), self._grow_while_wanted
            )
        for (arn, fingerprint), other in self._queues.items():
            if arn == spec.arn and fingerprint != spec.fingerprint:
                other.retire_idle()
        return self._queues[key]

    def _grow_while_wanted(self) -> None:
        """Start what may be started now; look again until nobody waits for a start."""
        self._grow(is_idle=False)
        if self._growth is None or self._growth.done():
            self._growth = self._loop.create_task(self._keep_growing())

    async def _keep_growing(self) -> None:
        self._processor.restart()
        while wanting := [queue for queue in self._queues.values() if queue.wanted > 0]:
            await asyncio.sleep(_GROW_INTERVAL_SECONDS)
            for queue in wanting:
                queue.look_for_work(_GROW_INTERVAL_SECONDS)
            self._grow(is_idle=self._processor.look())

    def _grow(self, *, is_idle: bool) -> None:
        """Start as many as there are at most: those that are to come may not be needed."""
        total = sum(queue.count for queue in self._queues.values())
        for queue in self._queues.values():
            count, blocked_seconds = queue.count, queue.blocked_seconds
            for _ in range(min(queue.wanted, max(count, self._capacity.own))):
                if total >= self._capacity.total and self._end_an_idle_one():
                    total -= 1
                now = count if count >= self._capacity.own else queue.count
                if not self._capacity.allows(now, total, blocked_seconds, is_idle=is_idle):
                    break
                queue.start_one()
                total += 1

    def _end_an_idle_one(self) -> bool:
        """Room for a function that waits, of one that does not."""
        return any(queue.retire_one() for queue in self._queues.values())

    async def _reap_for_ever(self) -> None:
        while True:
            await asyncio.sleep(min(_REAP_INTERVAL_SECONDS, self._idle_seconds / 2))
            oldest = time.monotonic() - self._idle_seconds
            for key, queue in list(self._queues.items()):
                queue.retire_idle(oldest)
                if queue.count == 0 and queue.wanted <= 0:
                    del self._queues[key]
            self._starter.reap(oldest)

    async def _close_all(self) -> None:
        if self._growth is not None:
            self._growth.cancel()
        await asyncio.gather(*(queue.close() for queue in self._queues.values()))
        await self._starter.close()
