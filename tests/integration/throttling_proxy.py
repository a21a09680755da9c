"""A proxy before the local AWS that answers some operations as AWS does when it is throttled."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

# Headers of one connection, which a proxy does not pass on (RFC 9110, section 7.6.1).
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


class ThrottlingProxy:
    """``throttle("PutItem", 3)`` refuses the next three; ``refused`` counts those that were."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._left: dict[tuple[str, bytes], int] = {}
        self._lock = threading.Lock()
        self.refused = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                status, headers, answer = proxy.answer(self, operation, body)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_any

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def endpoint(self) -> str:
        """What AwsClients takes."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def throttle(self, operation: str, times: int, containing: bytes = b"") -> None:
        """Refuse the next so many requests of an operation (whose body contains that); 0: no more."""
        with self._lock:
            self._left[operation, containing] = times

    def answer(
        self, request: BaseHTTPRequestHandler, operation: str, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the service says, or that it is throttled."""
        with self._lock:
            for (name, part), left in self._left.items():
                if left > 0 and name == operation and part in body:
                    self._left[name, part] -= 1
                    self.refused += 1
                    kind = [("Content-Type", "application/x-amz-json-1.0")]
                    return 400, kind, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        connection = http.client.HTTPConnection(
            self._upstream.hostname or "", self._upstream.port, timeout=30
        )
        connection.request(request.command, request.path, body, dict(request.headers.items()))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, [h for h in answer.getheaders() if h[0].lower() not in _HOP], data

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
