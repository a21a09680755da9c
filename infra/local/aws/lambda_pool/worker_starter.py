"""How environments get their workers: forked from a template where that is safe, else started afresh."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from infra.local.aws.lambda_pool.function_spec import FunctionSpec, environment_variables
from infra.local.aws.lambda_pool.template_process import (
    InitFailedError,
    TemplateGoneError,
    TemplateProcess,
    UnforkableError,
)
from infra.local.aws.lambda_pool.worker_process import Worker, start_afresh

FORK_PLATFORMS = frozenset({"linux"})
"""Elsewhere system libraries break in forked processes (macOS), or there is no fork."""

INIT_TIMEOUT_SECONDS = 10
"""Init beyond it counts as run time (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html)."""

STARTS_AT_ONCE = max(2, os.cpu_count() or 1)
"""Loading a handler keeps a core busy: more at a time only make each slower."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartRequest:
    """What one environment needs: its Runtime API's address, its log's stream name and descriptor.

    The starter sets ``is_begun`` when the wait for its turn is over; the environment sets ``is_ready`` when
    its worker asks for an invocation or has ended.
    """

    spec: FunctionSpec
    address: str
    stream: str
    log: int
    is_begun: asyncio.Event = field(default_factory=asyncio.Event)
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)


def can_fork() -> bool:
    """Whether templates work here: a platform of FORK_PLATFORMS whose kernel tells of ended processes."""
    if sys.platform not in FORK_PLATFORMS:
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # a kernel or a sandbox that has no such call
        return False
    return True


class WorkerStarter:
    """Starts workers, a few at a time, in one event loop; ``templates`` go by the function's ARN."""

    def __init__(self, base: Mapping[str, str], *, forks: bool) -> None:
        self.templates: dict[str, TemplateProcess] = {}
        self._base = base
        self._forks = forks
        self._retired: set[TemplateProcess] = set()
        self._unforkable: set[str] = set()
        self._turns = asyncio.Semaphore(STARTS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, request: StartRequest) -> Worker:
        """Return a worker that loads, or has loaded, the handler. Raises InitFailedError and OSError."""
        spec = request.spec
        while self._forks and spec.fingerprint not in self._unforkable:
            try:
                return await self._fork(request)
            except TemplateGoneError:
                continue
            except UnforkableError as error:
                if spec.fingerprint not in self._unforkable:
                    _logger.warning("%s is loaded anew for each environment: %s", spec.name, error)
                self._unforkable.add(spec.fingerprint)
        variables = environment_variables(spec, self._base, request.address, request.stream)
        return await self._in_turn(request, lambda: start_afresh(variables, spec.code_root, request.log))

    async def _fork(self, request: StartRequest) -> Worker:
        template = await self._template(request)
        try:
            await template.wait_until_loaded()
        except asyncio.CancelledError:
            if not template.is_loaded:  # it takes too long: the next environment tries anew
                await template.close()
            raise
        differing = {
            "AWS_LAMBDA_RUNTIME_API": request.address,
            "AWS_LAMBDA_LOG_STREAM_NAME": request.stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        }
        return await self._in_turn(request, lambda: template.fork(differing, request.log))

    async def _template(self, request: StartRequest) -> TemplateProcess:
        spec = request.spec
        template = self.templates.get(spec.arn)
        if template is not None and template.fingerprint != spec.fingerprint:
            self._retired.add(template)
            template.retire()
        elif template is not None and not template.is_closed:
            request.is_begun.set()
            return template
        self._retired = {one for one in self._retired if not one.is_closed}
        template = self.templates[spec.arn] = TemplateProcess(spec.fingerprint)
        variables = environment_variables(spec, self._base, request.address, request.stream)
        # Loaded before anybody waits. ("snap-start" would make the runtime client ask for its restoring.)
        variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "provisioned-concurrency"
        await self._turns.acquire()
        try:
            await template.start(variables, spec.code_root, request.log)
        except BaseException:
            self._turns.release()
            await template.close()
            raise
        request.is_begun.set()
        self._release_later(template.wait_until_loaded)
        return template

    async def _in_turn(self, request: StartRequest, make: Callable[[], Awaitable[Worker]]) -> Worker:
        """Make a worker once few enough others are starting; its turn ends when it is ready."""
        await self._turns.acquire()
        request.is_begun.set()
        try:
            worker = await make()
        except BaseException:
            self._turns.release()
            raise
        self._release_later(request.is_ready.wait)
        return worker

    def _release_later(self, wait: Callable[[], Awaitable[object]]) -> None:
        """End a turn when ``wait`` returns, but not later than a healthy start takes."""

        async def release() -> None:
            try:
                async with asyncio.timeout(INIT_TIMEOUT_SECONDS):
                    await wait()
            except (TimeoutError, TemplateGoneError, UnforkableError, InitFailedError):
                return  # for those who wait for the worker itself
            finally:
                self._turns.release()

        task = asyncio.get_running_loop().create_task(release())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reap(self, oldest: float) -> None:
        """Retire the templates that have no worker and were last used before ``oldest`` (monotonic)."""
        for arn, template in list(self.templates.items()):
            if template.is_closed:
                del self.templates[arn]
            elif template.is_loaded and not template.workers and template.used_at < oldest:
                template.retire()

    async def close(self) -> None:
        """End every template; returns when all are gone."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*(one.close() for one in (*self.templates.values(), *self._retired)))
