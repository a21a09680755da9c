"""How the server starts, and that nothing of it is left when it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.aws import LocalAws, LocalAwsStartError
from tests.unit.local_aws.conftest import ROLE, make_client, wait_for, zipped

PID = "import os\ndef handler(event, context): return [os.getpid(), os.getppid()]"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def start_worker(endpoint: str) -> tuple[int, int]:
    """Give the pids of a worker and of the process that started it: its template, or the server."""
    client = make_client(endpoint, "lambda")
    client.create_function(
        FunctionName="pid",
        Runtime="python3.11",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": zipped(app=PID)},
    )
    worker, parent = json.loads(client.invoke(FunctionName="pid")["Payload"].read())
    client.close()
    assert is_alive(worker)
    assert is_alive(parent)
    return worker, parent


def test_a_stop_ends_the_workers() -> None:
    with LocalAws() as server:
        workers = start_worker(server.endpoint)
    assert [pid for pid in workers if is_alive(pid)] == []


def test_workers_die_with_a_server_that_is_killed() -> None:
    with LocalAws() as server:
        workers = start_worker(server.endpoint)
        server.kill()
        wait_for(lambda: not any(is_alive(pid) for pid in workers), 5)


def test_the_server_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from infra.local.aws import LocalAws; a = LocalAws(api_port=None).start();"
        "print(a.pid, a.endpoint, flush=True); time.sleep(100)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    pid, endpoint = parent.stdout.readline().split()
    workers = start_worker(endpoint)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not any(is_alive(one) for one in (int(pid), *workers)), 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_listens_and_stops_in_order(number: int) -> None:
    command = [sys.executable, "-m", "infra.local.aws", "--port", "0", "--api-port", "0"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert server.stdout is not None
    ready = json.loads(server.stdout.readline())
    assert ready["pid"] == server.pid
    workers = start_worker(ready["endpoint"])
    server.send_signal(number)
    _, errors = server.communicate(timeout=20)
    assert (server.returncode, errors) == (0, "")
    assert [pid for pid in workers if is_alive(pid)] == []


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            LocalAwsStartError, match=f"127.0.0.1:{port} cannot be used .*--port 0 takes any free port"
        ):
            LocalAws(port=port).start()


def test_it_listens_on_loopback_only() -> None:
    with LocalAws() as server:
        ports = {int(address.rsplit(":", 1)[1]) for address in (server.endpoint, str(server.api_endpoint))}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = [row[1] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) in ports]
    assert {address.split(":")[0] for address in listening} == {"0100007F"}
