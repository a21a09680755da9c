"""`mini-n8n up` and `run`: what is printed, what works, what is left behind.

Each start of everything takes some ten seconds of processor: what needs no start of its own has none.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.cli import app, run_command
from infra.cli.document_file import example_files
from infra.local.stack import LocalStack

ROOT = Path(__file__).resolve().parents[2]
# Far more than it takes: an other test may have both cores at the time.
START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS = 90.0, 30.0
# The goal for the second start on a machine with nothing else to do is 10 s; tests run side by side.
SECOND_START_SECONDS = 30.0
READY = "Ctrl-C stops it."


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AWS_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "infra.cli", *map(str, arguments)]


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as sockets:
        held = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]


def descendants(pid: int) -> set[int]:
    """Processes below a process, at any depth."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@dataclass
class Up:
    """A running `mini-n8n up`."""

    state: Path
    ports: tuple[int, int, int]
    started_after_seconds: float = 0.0
    said: str = ""
    key: str = ""

    def start(self, *more: str) -> Up:
        """Start, and wait until it says that it is up."""
        api, aws, model = map(str, self.ports)
        ports = ["--port", api, "--aws-port", aws, "--model-port", model]
        began = time.monotonic()
        self.process = subprocess.Popen(
            command("up", "--state-dir", self.state, *ports, *more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if READY in line:
                break
            assert time.monotonic() - began < START_TIMEOUT_SECONDS
        self.started_after_seconds, self.said = time.monotonic() - began, "".join(lines)
        if READY not in self.said:
            pytest.fail(f"up ended with {self.process.wait()}: {self.process.communicate()[1]}")
        if (shown := self.shown("API key")).startswith("mn8_"):
            self.key = shown
        return self

    def stop(self, number: int = signal.SIGINT) -> tuple[int, set[int]]:
        """End it by a signal; the exit code, and which of its processes are still there."""
        below = descendants(self.process.pid)
        assert below
        self.process.send_signal(number)
        self.process.communicate(timeout=STOP_TIMEOUT_SECONDS)
        deadline = time.monotonic() + 2  # a killed process is gone a moment later
        while (left := {pid for pid in below if is_alive(pid)}) and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.process.returncode, left

    def shown(self, name: str) -> str:
        """What stands behind a name in what was printed."""
        found = re.search(rf"^{name}:\s+(\S+)", self.said, re.MULTILINE)
        assert found is not None, self.said
        return found[1]

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=f"{self.shown('Mini-N8N')}/api/v1", headers=headers, timeout=30)


def printed_command(said: str) -> str:
    return said[said.index("  curl ") : said.index(READY)].strip()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    api, aws, model = free_ports(3)
    running = Up(tmp_path / "state", (api, aws, model))
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def run_slowly(up: Up) -> None:
    """Begin what goes on for half a minute."""
    url = f"{up.shown('Offline data')}/slow?seconds=30"
    document = {"name": "Slow", "nodes": [{"id": "slow", "type": "http", "config": {"url": url}}]}
    with up.client() as client:
        workflow_id = client.post("/workflows/", json=document).json()["id"]
        assert client.post(f"/workflows/{workflow_id}/execute", json={}).status_code == 202


def refused_beside(up: Up) -> str:
    """What another `up` that would share the state says when it ends."""
    done = subprocess.run(
        command("up", "--state-dir", up.state, "--port", "0", "--aws-port", "0", "--model-port", "0"),
        capture_output=True, text=True, check=False, env=environment(), timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_up_starts_shows_survives_and_leaves_nothing_behind(up: Up) -> None:
    up.start()
    print(f"first start: {up.started_after_seconds:.1f} s")
    assert httpx.get(up.shown("Documentation")).status_code == 200
    first_said, names = up.said, [path.stem for path in example_files()]
    assert re.findall(r"^Workflows:\s+(\S+)", up.said, re.MULTILINE) == names
    done = subprocess.run(
        ["bash", "-c", printed_command(up.said)], capture_output=True, text=True, check=True
    )
    execution = json.loads(done.stdout)
    with up.client() as client:
        while execution["status"] == "running":  # a loaded machine takes longer than the command waits
            execution = client.get(f"/executions/{execution['id']}").json()
        assert execution["status"] == "succeeded", execution["error"]
        assert execution["output"]["post"].startswith("# [synthetic answer] ")
    address = f"Mini-N8N at http://localhost:{up.ports[0]} (process {up.process.pid})"
    assert refused_beside(up).startswith(
        f"mini-n8n: {address} already uses the state in {up.state}; stop that one"
    )
    assert up.stop() == (0, set())

    up.start()
    print(f"second start: {up.started_after_seconds:.1f} s")
    assert up.started_after_seconds < SECOND_START_SECONDS
    # All as before, but for the key: that is shown once, and how to come to another is told.
    assert first_said.count(up.key) == 2
    assert up.key not in up.said
    told = (
        f"shown at the first start; another: export MINI_N8N_KEY=$(./infra/dev key --aws-port {up.ports[1]})"
    )
    again = first_said.replace(f"'Authorization: Bearer {up.key}'", '"Authorization: Bearer $MINI_N8N_KEY"')
    assert up.said == again.replace(f"{up.key}  (an administrator's; shown this once)", told)
    another = subprocess.run(
        command("key", "--role", "viewer", "--user", "ann", "--aws-port", str(up.ports[1])),
        capture_output=True, text=True, check=True, env=environment(), timeout=60,
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {another.stdout.strip()}"}
    me = httpx.get(f"{up.shown('Mini-N8N')}/api/v1/me", headers=headers).json()
    assert (me["role"], me["user"]) == ("viewer", "ann")
    with up.client() as client:
        assert client.get(f"/executions/{execution['id']}").json()["output"] == execution["output"]
        listed = client.get("/workflows/", params={"limit": 100}).json()["items"]
        titles = [json.loads(path.read_text("utf-8"))["name"] for path in example_files()]
        assert sorted(item["name"] for item in listed) == sorted(titles)
    run_slowly(up)
    assert up.stop(signal.SIGTERM) == (0, set())

    up.start("--fresh")
    with up.client() as client:
        assert client.get("/executions").json()["items"] == []
        assert client.get(f"/executions/{execution['id']}").status_code == 404
    assert up.key not in first_said
    assert up.stop(signal.SIGHUP) == (0, set())


def test_the_death_of_up_leaves_nothing_behind(up: Up) -> None:
    up.start()
    code, left = up.stop(signal.SIGKILL)
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while any(is_alive(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (code, {pid for pid in left if is_alive(pid)}) == (-signal.SIGKILL, set())


def test_a_taken_port_is_told_before_anything_is_started(tmp_path: Path) -> None:
    api, aws, model = map(str, free_ports(3))
    ports = ["--port", api, "--aws-port", aws, "--model-port", model]
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(api)))
        holder.listen()
        done = subprocess.run(
            command("up", "--state-dir", tmp_path / "state", *ports),
            capture_output=True, text=True, check=False, env=environment(), timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        rf"mini-n8n: port {api} is taken by another program; choose another: mini-n8n up --port \d+\n",
        done.stderr,
    )
    assert not (tmp_path / "state" / "aws").exists()


def test_models_of_ones_own_are_asked_with_their_key_and_their_files_are_kept(tmp_path: Path) -> None:
    from infra.local.model_server import ModelServer

    document = tmp_path / "ask.json"
    nodes = [
        {"id": "answer", "type": "llm", "config": {"prompt": "Write one short title about tea."}},
        {"id": "picture", "type": "image", "config": {"prompt": "A boat", "size": "64x64"}},
    ]
    document.write_text(json.dumps({"name": "Ask", "nodes": nodes}))
    with ModelServer(required_key="sk-of-my-own") as server:
        own = environment(OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="sk-of-my-own")
        done = subprocess.run(
            command("run", document, "--files", tmp_path / "kept"),
            capture_output=True, text=True, check=False, env=own, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert server.ledger.describe()["statuses"] == {"200": 2}
    printed = json.loads(done.stdout)
    assert printed.keys() == {"answer", "picture"}
    assert printed["picture"] == str(tmp_path / "kept" / "picture-1.png")
    assert (tmp_path / "kept" / "picture-1.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert f"AI nodes ask {server.base_url}." in done.stderr
    assert "sk-of-my-own" not in done.stdout + done.stderr


def test_run_prints_the_output_alone_and_each_node_on_stderr() -> None:
    document = ROOT / "examples" / "data_enrichment.json"
    done = subprocess.run(
        command("run", document, "-i", "limit=3", "-i", "depth=market", "--no-cache"),
        capture_output=True, text=True, check=False, env=environment(), timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    assert printed["report"]["figures"]["known"] == 3
    assert "Input base_url: the offline data set, http://localhost:" in done.stderr
    for line in (
        r"companies: succeeded \d+\.\d\d s",
        r"details: succeeded .* 3 items",
        r"company_news: skipped",
    ):
        assert re.search(rf"^{line}$", done.stderr, re.MULTILINE), done.stderr
    assert re.search(r"^Succeeded after \d+\.\d\d s\.$", done.stderr, re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def run(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """`mini-n8n run` in this process, on the stack that stands instead of one of its own."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(run_command, "LocalStack", lambda _options, _say: stack)
    monkeypatch.setattr(stack, "start", lambda: stack)
    monkeypatch.setattr(stack, "stop", lambda: None)

    def run_it(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mini-n8n", "run", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return run_it


def calling(path: str, folder: Path) -> Path:
    """A document that calls the offline data set."""
    nodes = [
        {"id": "base_url", "type": "input", "config": {"required": True}},
        {"id": "call", "type": "http", "config": {"url": f"{{{{base_url.output}}}}/{path}"}},
    ]
    links = [{"source": "base_url", "target": "call"}]
    document = folder / "calling.json"
    document.write_text(json.dumps({"name": "Calling", "nodes": nodes, "connections": links}))
    return document


def test_run_ends_with_1_and_names_the_node_that_failed(run: Callable[..., Ended], tmp_path: Path) -> None:
    done = run(calling("status/404", tmp_path))
    assert (done.code, done.stdout) == (1, "")
    assert re.search(
        r"^node 'call': NodeError: GET http://localhost:\d+/data/status/404 answered 404",
        done.stderr,
        re.MULTILINE,
    )


def test_run_cancels_what_takes_too_long(run: Callable[..., Ended], tmp_path: Path) -> None:
    done = run(calling("slow?seconds=25", tmp_path), "--timeout", "1")
    assert (done.code, done.stdout) == (1, "")
    assert "Cancelled, for it took longer than --timeout 1 (seconds)." in done.stderr
    assert "the execution was cancelled" in done.stderr
