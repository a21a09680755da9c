from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.model_server import ModelServer
from infra.local.model_server.__main__ import main

COMMAND = [sys.executable, "-m", "infra.local.model_server"]


START_LIMIT_SECONDS = 60  # far more than it takes; a loaded machine is slow to import


def wait_for_file(path: Path) -> Any:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return json.loads(path.read_text())


def wait_until_closed(port: int) -> bool:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False


def test_the_process_says_where_it_is_and_ends_on_sigterm(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    with subprocess.Popen(
        [*COMMAND, "--ready-file", str(ready_file)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            ready = wait_for_file(ready_file)
            assert ready["pid"] == process.pid
            health = httpx.get(f"{ready['origin']}/health", timeout=START_LIMIT_SECONDS)
            assert health.json() == {"synthetic": True, "status": "ok"}
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=START_LIMIT_SECONDS)
        finally:
            process.kill()
    assert said == f"offline model server (all answers synthetic): {ready['base_url']}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    arguments = [*COMMAND, "--ready-file", str(ready_file), "--stop-with-parent"]
    starter = (
        f"import os, subprocess, sys; subprocess.Popen([*{arguments!r}, str(os.getpid())]); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as parent:
        try:
            ready = wait_for_file(ready_file)
        finally:
            parent.kill()
    assert wait_until_closed(ready["port"])


def test_a_taken_port_is_said_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with ModelServer() as server:
        port = server.origin.rsplit(":", 1)[1]
        assert main(["--port", port]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"port {port} on 127.0.0.1 cannot be opened")
    assert said.endswith("choose another with --port\n")


def test_a_stopped_server_leaves_its_port_free() -> None:
    server = ModelServer().start()
    port = int(server.origin.rsplit(":", 1)[1])
    server.stop()
    server.stop()
    with ModelServer(port) as again:
        assert httpx.get(f"{again.origin}/health").status_code == 200
