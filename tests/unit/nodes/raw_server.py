"""A server of real sockets that answers exactly the bytes it is told to, good or hostile."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

Answer = bytes | Callable[["Received"], "bytes | Iterator[bytes]"]


@dataclass(frozen=True)
class Received:
    """A request as it came in; ``server`` is the port's own server."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class Reset(Exception):
    """Raised by an answer to end the connection with RST."""


class RawServer:
    """Answers by path; keeps what it received. ``None`` as a path's answer hangs until the end."""

    def __init__(self, answers: dict[str, Answer] | None = None, host: str = "127.0.0.1") -> None:
        self.answers: dict[str, Answer] = answers or {}
        self.received: list[Received] = []
        self.connections = 0
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = _receive(connection)
                if request is None:
                    return
                self.received.append(request)
                answer = self.answers.get(request.path, reply(b"nothing here", status="404 Not Found"))
                made = answer(request) if callable(answer) else answer
                for piece in [made] if isinstance(made, bytes) else made:
                    if self.stopping.is_set():
                        return
                    connection.sendall(piece)
            except Reset:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            except OSError:
                return


def _receive(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    method, target, _ = first.split(" ", 2)
    return Received(method, target, headers, body)


def reply(
    body: bytes = b"", *, status: str = "200 OK", content_type: str | None = "text/plain", **headers: str
) -> bytes:
    """A whole answer; ``x_name`` in ``headers`` becomes ``x-name``."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close"]
    if content_type is not None:
        lines.append(f"content-type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return reply(status=status, content_type=None, location=location)


def chunked(pieces: Iterator[bytes], **headers: str) -> Iterator[bytes]:
    """A chunked answer that lasts as long as ``pieces``."""
    lines = ["HTTP/1.1 200 OK", "transfer-encoding: chunked", "content-type: text/plain"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    yield "\r\n".join([*lines, "", ""]).encode("latin-1")
    for piece in pieces:
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield b"0\r\n\r\n"


def json_reply(value: Any, **options: Any) -> bytes:
    """A JSON answer."""
    return reply(json.dumps(value).encode(), content_type="application/json", **options)


def reset(request: Received) -> bytes:
    """An answer that is none: the connection is reset."""
    raise Reset
