"""A proxy before the local AWS that answers as AWS does when it is throttled, ill or far away.

Functions are led to it by their own variable AWS_ENDPOINT_URL; nothing else knows of it.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

# Headers of one connection, which a proxy does not pass on (RFC 9110, section 7.6.1).
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})
# Where a signature says which service it is for: Credential=key/date/region/service/aws4_request.
_SCOPE = re.compile(r"Credential=[^/]*/\d+/[^/]+/([^/]+)/aws4_request")
UPSTREAM_TIMEOUT_SECONDS = 60.0

Ailment = Literal["throttled", "error", "cut", "slow"]
"""Refused, failed, carried out with the answer lost, or answered late."""
Answer = tuple[int, list[tuple[str, str]], bytes]

_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "states": "ThrottlingException",
    "secretsmanager": "ThrottlingException",
}


class _CutError(Exception):
    """The answer is not to be sent."""


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Functions are killed while they ask; whatever else breaks, the function that asked says."""


@dataclass(frozen=True)
class _Illness:
    service: str
    ailment: Ailment
    share: float
    seconds: float


class FaultProxy:
    """``throttle("PutItem", 3)`` refuses the next three; ``afflict("s3", "error")`` a share of a service.

    ``refused`` counts the requests that something was done to.
    """

    def __init__(self, upstream: str, *, port: int = 0, seed: int = 0) -> None:
        """``seed``: which requests a share means."""
        self.upstream = upstream
        self._left: dict[tuple[str, bytes], int] = {}
        self._illness: _Illness | None = None
        self._random = random.Random(seed)  # noqa: S311 - chooses requests, not secrets
        self._lock = threading.Lock()
        self.refused = 0
        self._server = _QuietServer(("127.0.0.1", port), _make_handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def endpoint(self) -> str:
        """What AwsClients takes."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def throttle(self, operation: str, times: int, containing: bytes = b"") -> None:
        """Refuse the next so many requests of an operation (whose body contains that); 0: no more."""
        with self._lock:
            self._left[operation, containing] = times

    def afflict(self, service: str, ailment: Ailment, share: float = 0.3, seconds: float = 0.5) -> None:
        """Do this to a share of a service's requests, until `heal`; ``seconds``: how late is late."""
        with self._lock:
            self._illness = _Illness(service, ailment, share, seconds)

    def heal(self) -> None:
        """Let every request through."""
        with self._lock:
            self._illness, self._left = None, {}

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        """What the service says, or what is said in its place."""
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        service = scope.group(1) if scope else ""
        with self._lock:
            if self._is_counted_out(operation, body):
                return _refusal("dynamodb", "throttled", "ThrottlingException")
            illness = self._illness
            ill = illness is not None and illness.service == service and self._random.random() < illness.share
            self.refused += ill
        if ill and illness is not None:
            if illness.ailment in ("throttled", "error"):
                return _refusal(service, illness.ailment, _THROTTLED.get(service, "SlowDown"))
            if illness.ailment == "slow":
                time.sleep(illness.seconds)
            else:
                self._pass_on(request, body)
                raise _CutError
        return self._pass_on(request, body)

    def _is_counted_out(self, operation: str, body: bytes) -> bool:
        for (name, part), left in self._left.items():
            if left > 0 and name == operation and part in body:
                self._left[name, part] -= 1
                self.refused += 1
                return True
        return False

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        to = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=UPSTREAM_TIMEOUT_SECONDS)
        try:
            connection.request(request.command, request.path, body, dict(request.headers.items()))
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            raise _CutError from error
        finally:
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


def _refusal(service: str, ailment: Ailment, throttled: str) -> Answer:
    """As the service spells it: S3 in XML, the others in JSON."""
    if service == "s3":
        status, code = (503, "SlowDown") if ailment == "throttled" else (500, "InternalError")
        text = f"<Error><Code>{code}</Code><Message>Not now.</Message></Error>"
        return status, [("Content-Type", "application/xml")], text.encode()
    status, code = (400, throttled) if ailment == "throttled" else (500, "InternalServerError")
    text = f'{{"__type": "{code}", "message": "Rate exceeded"}}'
    return status, [("Content-Type", "application/x-amz-json-1.0")], text.encode()


def _make_handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, headers, answer = proxy.answer(self, body)
            except _CutError:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_any

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
