from __future__ import annotations

import json
import os
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


def wait_for_file(path: Path) -> Any:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return json.loads(path.read_text())


def wait_until_closed(port: int) -> bool:
    for _ in range(200):
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
        ready = wait_for_file(ready_file)
        assert ready["pid"] == process.pid
        assert httpx.get(f"{ready['origin']}/health").json() == {"synthetic": True, "status": "ok"}
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=10)
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
        ready = wait_for_file(ready_file)
        parent.kill()
    assert wait_until_closed(ready["port"])
    assert ready["pid"] != os.getpid()


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
