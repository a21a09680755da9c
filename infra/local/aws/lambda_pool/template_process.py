"""A template process as the pool sees it: it loads a handler once and forks workers from it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.aws.lambda_pool.worker_process import Worker

_TEMPLATE = Path(__file__).with_name("template.py")
_MAX_REPORT_BYTES = 16 * 1024 * 1024
"""An init error's stack trace may be long."""

_END_SECONDS = 2.0
"""A template kills its workers and ends in milliseconds; one that does not is stuck."""


class TemplateGoneError(Exception):
    """The template was ended on purpose: ask for another."""


class UnforkableError(Exception):
    """The handler's module started what a fork would break; the message says what."""


@dataclass(frozen=True)
class InitFailedError(Exception):
    """The handler could not be loaded: the process's exit code, and its error document if it gave one."""

    returncode: int
    document: bytes | None


class TemplateProcess:
    """One configuration of one function. ``workers`` holds those that are alive."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.workers: dict[int, Worker] = {}
        self.used_at = time.monotonic()
        self.is_closed = False
        self._is_retired = False
        self._is_ended_on_purpose = False
        self._init_error: bytes | None = None
        self._refusal: UnforkableError | None = None
        self._loop = asyncio.get_running_loop()
        self._loaded: asyncio.Future[None] = self._loop.create_future()
        self._orders: dict[int, asyncio.Future[Worker]] = {}
        self._ids = itertools.count()
        self._socket, self._its_socket = socket.socketpair()
        self._process: asyncio.subprocess.Process | None = None
        self._end: asyncio.Task[None] | None = None

    async def start(self, variables: Mapping[str, str], folder: str, log: int) -> None:
        """Start loading the handler; what its module prints goes to ``log``. Raises OSError."""
        with self._its_socket as its_socket:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the folder of this package must not be on the function's import path
                *(str(_TEMPLATE), str(os.getpid()), str(its_socket.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=variables,
                pass_fds=[its_socket.fileno()],
                start_new_session=True,
            )
        self._end = self._loop.create_task(self._watch(self._process))

    async def wait_until_loaded(self) -> None:
        """Raises InitFailedError, UnforkableError, TemplateGoneError."""
        await asyncio.shield(self._loaded)

    @property
    def is_loaded(self) -> bool:
        """Whether the handler is loaded, or could not be."""
        return self._loaded.done()

    async def fork(self, environment: Mapping[str, str], log: int) -> Worker:
        """Fork a worker whose environment differs by ``environment``.

        Raises OSError, TemplateGoneError, UnforkableError.
        """
        if self._refusal is not None:
            raise self._refusal
        if self.is_closed:
            raise TemplateGoneError
        self.used_at = time.monotonic()
        number = next(self._ids)
        worker: asyncio.Future[Worker] = self._loop.create_future()
        self._orders[number] = worker
        order = json.dumps({"id": number, "environment": dict(environment)}).encode()
        try:
            socket.send_fds(self._socket, [order], [log])
        except BrokenPipeError as error:
            del self._orders[number]
            raise TemplateGoneError from error
        return await worker

    def retire(self) -> None:
        """Close as soon as no worker is left."""
        self._is_retired = True
        self._close_if_unused()

    async def close(self) -> None:
        """End the template, and with it its workers; returns when it is gone."""
        self._begin_to_close()
        if self._process is None or self._end is None:  # it was never started
            self._socket.close()
            self._its_socket.close()
            self._fail_to_load(TemplateGoneError())
            return
        if not self.is_loaded:  # the module's code runs: nothing hears the socket
            self._kill()
        done, _ = await asyncio.wait({self._end}, timeout=_END_SECONDS)
        if not done:
            self._kill()
        await self._end

    def _begin_to_close(self) -> None:
        self.is_closed = self._is_ended_on_purpose = True
        with contextlib.suppress(OSError):  # the other end may be gone
            self._socket.shutdown(socket.SHUT_WR)

    def _close_if_unused(self) -> None:
        if self._is_retired and not self.workers and not self._orders:
            self._begin_to_close()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        reports = self._loop.create_task(self._read_reports())
        returncode = await process.wait()
        await asyncio.wait({reports}, timeout=_END_SECONDS)  # what it said last
        reports.cancel()
        self.is_closed = True
        self._fail_to_load(
            TemplateGoneError()
            if self._is_ended_on_purpose
            else InitFailedError(returncode, self._init_error)
        )
        for order in self._orders.values():
            if not order.done():
                order.set_exception(TemplateGoneError())
        for worker in self.workers.values():  # the kernel ends them with it
            worker.end.set_result(-signal.SIGKILL)
        self.workers.clear()

    def _fail_to_load(self, error: Exception) -> None:
        if not self._loaded.done():
            self._loaded.set_exception(error)
            self._loaded.exception()  # seen, also when nobody waits

    async def _read_reports(self) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=self._socket, limit=_MAX_REPORT_BYTES)
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except ConnectionResetError:
            return  # it ended with an order unread
        finally:
            self.is_closed = True
            writer.close()

    def _take(self, report: dict[str, Any]) -> None:
        if report.get("unforkable") is not None:
            self._refuse(UnforkableError(report["unforkable"]))
        elif "loaded" in report:
            self._loaded.set_result(None)
        elif "init_error" in report:
            self._init_error = json.dumps(report["init_error"]).encode()
        elif "ended" in report:
            self.used_at = time.monotonic()
            self.workers.pop(report["ended"]).end.set_result(report["code"])
            self._close_if_unused()
        else:
            self._take_worker(self._orders.pop(report["id"]), report)

    def _refuse(self, refusal: UnforkableError) -> None:
        """Take it that nothing can be forked (any more); the workers that are there may go on."""
        self._refusal = refusal
        self._fail_to_load(refusal)
        for order in self._orders.values():
            if not order.done():
                order.set_exception(refusal)
        self._orders.clear()
        self.retire()

    def _take_worker(self, order: asyncio.Future[Worker], report: dict[str, Any]) -> None:
        if "failed" in report:
            if not order.done():
                order.set_exception(OSError(f"no worker can be forked: {report['failed']}"))
            return
        worker = self.workers[report["pid"]] = Worker(report["pid"], self._loop.create_future())
        if order.done():  # nobody waits for it any more
            worker.kill()
        else:
            order.set_result(worker)
