"""The Runtime API of one execution environment: what AWS's runtime client asks and answers over HTTP.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from infra.local.aws.lambda_pool import error_document

_RESULT = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)$")


@dataclass(frozen=True)
class Invocation:
    """One event for the handler; ``deadline_ms`` is Unix time in milliseconds."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str


@dataclass(frozen=True)
class Answer:
    """What came back: a JSON document, and whether it is an error document."""

    payload: bytes
    is_error: bool


@dataclass(frozen=True)
class _Request:
    path: str
    body: bytes | None  # None: larger than any result may be


class RuntimeApi:
    """Serves one worker. Hand it an invocation with ``next``, wait for ``answer``; all in one event loop."""

    def __init__(self, is_ready: asyncio.Event) -> None:
        """``is_ready`` is set when the worker asks for its first invocation."""
        self.is_ready = is_ready
        self.init_error: bytes | None = None
        self._invocations: asyncio.Queue[Invocation] = asyncio.Queue(maxsize=1)
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen on a free loopback port and return ``host:port``."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening and let go of a worker that still asks for its next invocation."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def submit(self, invocation: Invocation) -> asyncio.Future[Answer]:
        """Give the invocation to the worker and return the future of its answer."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[invocation.request_id] = answer
        answer.add_done_callback(lambda _: self._answers.pop(invocation.request_id, None))
        self._invocations.put_nowait(invocation)
        return answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        self._connections.add(task)
        try:
            while (request := await _read_request(reader)) is not None:
                await self._answer(request, writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the worker went away; whoever waits for it learns from its process
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _answer(self, request: _Request, writer: asyncio.StreamWriter) -> None:
        if request.path.endswith("/runtime/invocation/next"):
            self.is_ready.set()
            _write(writer, 200, *_event(await self._invocations.get()))
        elif found := _RESULT.search(request.path):
            self._resolve(found[1], request.body, is_error=found[2] == "error")
            _write(writer, 202, b'{"status":"OK"}')
        elif request.path.endswith("/runtime/init/error"):
            self.init_error = request.body
            _write(writer, 202, b'{"status":"OK"}')
        else:
            _write(writer, 404, b"{}")

    def _resolve(self, request_id: str, body: bytes | None, *, is_error: bool) -> None:
        answer = self._answers.get(request_id)
        if answer is None or answer.done():
            return
        if body is None:
            answer.set_result(Answer(error_document.response_too_large(), is_error=True))
        else:
            answer.set_result(Answer(body, is_error=is_error))


def _event(invocation: Invocation) -> tuple[bytes, dict[str, str]]:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
    }
    if invocation.trace_id:
        headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
    return invocation.payload, headers


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    line = await reader.readline()
    if not line:
        return None
    path = line.decode("latin-1").split(" ", 2)[1]
    headers: dict[str, str] = {}
    while header := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _Request(path, await _read_chunks(reader))
    return _Request(path, await _read_body(reader, int(headers.get("content-length", 0))))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes | None:
    body: bytearray | None = bytearray()
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        chunk = await reader.readexactly(size)
        await reader.readline()
        if size == 0:
            return None if body is None else bytes(body)
        if body is not None:
            body += chunk
            if len(body) > error_document.MAX_RESPONSE_BYTES:
                body = None


async def _read_body(reader: asyncio.StreamReader, size: int) -> bytes | None:
    if size <= error_document.MAX_RESPONSE_BYTES:
        return await reader.readexactly(size)
    while size > 0:
        size -= len(await reader.read(min(size, 1 << 16)) or b"\0" * size)
    return None


def _write(
    writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    lines = [f"HTTP/1.1 {status} OK", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
