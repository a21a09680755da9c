"""An AWS that holds the deployment's key and nothing else: enough for a function's first answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from engine.json_value import dump_json

KEY = "key-of-the-bench"
# The SDK takes of an answer what belongs to the call: the key of Secrets Manager, nothing found of DynamoDB.
_ANSWER = dump_json({"SecretString": KEY, "Items": [], "Count": 0}).encode()


class _Answerer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer any call."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is printed are measurements."""


@contextmanager
def empty_aws() -> Iterator[str]:
    """Its address, on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answerer) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
