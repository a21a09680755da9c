"""A server that answers what a test tells it to: the real SDK asks it over a real socket."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config


class ScriptedService:
    """Answers in turn from ``answers``, the last one for ever; ``requests`` lists (operation, body)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[tuple[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def refuse(self, code: str, status: int = 400, **more: Any) -> tuple[int, Any]:
        """An answer that is an error of the service."""
        return status, {"__type": f"com.amazonaws#{code}", "message": f"this is {code}", **more}

    def operations(self) -> list[str]:
        """The names of the operations that were asked for, in order."""
        return [operation for operation, _ in self.requests]

    def client(self, name: str, attempts: int = 1) -> Any:
        """A client of the SDK that asks this server."""
        return boto3.client(
            name,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=2),
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                target = self.headers.get("x-amz-target")
                operation = target.rpartition(".")[2] if target else self.path
                service.requests.append((operation, json.loads(body)))
                status, answer = service.answers.pop(0) if len(service.answers) > 1 else service.answers[0]
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(data)))
                if status >= 400:
                    self.send_header("x-amzn-errortype", answer["__type"])
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
