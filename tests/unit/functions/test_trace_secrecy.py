"""What X-Ray is sent of runs with credentials: calls and errors by name, and no value of any credential."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from urllib.parse import quote, quote_plus

from tests.unit.nodes.raw_server import RawServer

MARK = "m4rk/3d and se&cret"
CREDENTIALS = {
    "bearer": {"token": f"{MARK}-bearer"},
    "basic": {"username": "ann", "password": f"{MARK}-basic"},
    "header": {"name": "X-Odd-Name", "value": f"{MARK}-header"},
    "query": {"name": "odd_key", "value": f"{MARK}-query"},
}
SECRET = {"bearer": "token", "basic": "password", "header": "value", "query": "value"}
TRACE = "Root=1-5759e9{:02}-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def spellings() -> set[str]:
    """Each secret as it is, as URLs and JSON spell it, and within basic authentication."""
    secrets = [values[SECRET[kind]] for kind, values in CREDENTIALS.items()]
    basic = [base64.b64encode(f"ann:{secret}".encode()).decode() for secret in secrets]
    return {
        form
        for secret in secrets
        for form in (
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
        )
    } | set(basic)


def test_no_credential_shows_in_a_segment() -> None:
    answers = {
        "/ok": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "/refuse": b"HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno",
    }
    with RawServer(answers) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        daemon.setblocking(False)
        environment = {
            **os.environ,
            "LAMBDA_TASK_ROOT": os.getcwd(),
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
        }
        command = [sys.executable, "-m", "tests.unit.functions.traced_run", server.origin]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        segments = []
        while True:
            try:
                segments.append(daemon.recv(65_536).decode().split("\n", 1)[1])
            except BlockingIOError:
                break
        asked = [request.target for request in server.received]
    endings = dict(line.split() for line in done.stdout.splitlines())
    assert endings == {
        "leak": "NodeError",
        **{f"{kind}_ok": "ran" for kind in CREDENTIALS},
        **{f"{kind}_refuse": "NodeError" for kind in CREDENTIALS},
    }
    # The secrets were sent, and the calls were seen.
    assert any("odd_key=" in target for target in asked)
    told = "\n".join(segments)
    assert told.count("/ok") == told.count("/refuse") == len(CREDENTIALS)
    print(f"{len(segments)} segments, {len(told)} characters, {len(spellings())} spellings")
    assert [form for form in spellings() if form in told] == []
    # Nor what the node said of its failure: the node run tells it, X-Ray only that there was one.
    assert "refused" not in told
