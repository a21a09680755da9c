"""The command line: what stands on stdout, what on stderr, and the exit code.

A process of its own takes most of a second of processor to import all: only what is about that has one.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from infra.cli import app

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ("up", "run", "compile", "plan", "graph", "validate", "test", "bench")
GOOD = {
    "name": "Hello",
    "nodes": [
        {"id": "who", "type": "input", "config": {"name": "who", "type": "string", "default": "world"}},
        {"id": "greeting", "type": "output", "config": {"value": "Hello, {{who.output}}!"}},
    ],
    "connections": [{"source": "who", "target": "greeting"}],
}
BAD = GOOD | {"connections": [{"source": "whom", "target": "greeting"}, {"source": "who", "target": "who"}]}


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Ask: TypeAlias = Callable[..., Done]


def in_a_process(*arguments: str | Path, text: str | None = None) -> Done:
    command = [sys.executable, "-m", "infra.cli", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, input=text, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def mini_n8n(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """The same in this process."""
    monkeypatch.setenv("COLUMNS", "100")

    def ask(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["mini-n8n", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return ask


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.json"
    file.write_text(json.dumps(GOOD))
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(BAD))
    return file


def test_help_comes_at_once() -> None:
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = in_a_process("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Processor time: whatever else the machine does, this is what the command costs.
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert (done.returncode, done.stderr) == (0, "")
    assert min(seconds) < 0.4


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_by_example(mini_n8n: Ask, command: str) -> None:
    done = mini_n8n(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: mini-n8n {command} ")
    assert f"\n    mini-n8n {command}" in done.stdout


def test_compile_prints_definition_and_report_alone(mini_n8n: Ask, good: Path) -> None:
    done = mini_n8n("compile", good)
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert list(printed) == ["definition", "report"]
    assert printed["report"]["nodes"] == 2
    assert "arn:aws:lambda:us-east-1:000000000000:function:mini-n8n-local-core" in done.stdout


def test_compile_takes_the_function_that_tasks_invoke(good: Path) -> None:
    target = "arn:aws:lambda:eu-west-1:123456789012:function:mine-{executor}"
    done = in_a_process("compile", "-", "--target-arn", target, text=good.read_text())
    assert done.returncode == 0
    assert "arn:aws:lambda:eu-west-1:123456789012:function:mine-core" in done.stdout
    assert "mini-n8n-local" not in done.stdout


def test_compile_gives_all_problems_as_json(mini_n8n: Ask, bad: Path) -> None:
    done = mini_n8n("compile", bad)
    assert (done.returncode, done.stderr) == (1, "")
    printed = json.loads(done.stdout)
    assert [problem["code"] for problem in printed["problems"]][:2] == ["unknown_node", "self_connection"]
    assert set(printed["problems"][0]) == {"code", "message", "node", "field"}


def test_compile_says_that_a_file_is_no_json(mini_n8n: Ask, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"name": ')
    done = mini_n8n("compile", file)
    assert done.returncode == 1
    assert [problem["code"] for problem in json.loads(done.stdout)["problems"]] == ["invalid_json"]


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    done = in_a_process("compile", "nowhere.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mini-n8n: nowhere.json cannot be read: No such file or directory.\n"


def test_a_profile_that_does_not_fit_is_a_usage_error(mini_n8n: Ask, good: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text('{"durations": {"who": -1}}')
    done = mini_n8n("compile", good, "--profile", profile)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the profile gives 'who' -1.0 s; durations are 0 or more" in done.stderr


def test_plan_shows_order_limits_and_the_predicted_time(mini_n8n: Ask, good: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text('{"durations": {"who": 0.5}, "type_durations": {"output": 1.25}}')
    done = mini_n8n("plan", good, "--profile", profile)
    assert (done.returncode, done.stderr) == (0, "")
    shown = " ".join(done.stdout.split())
    for words in (
        "Hello",
        "greeting",
        "of 25,000 events",
        "0.025 USD as standard: transitions",
        "Predicted: 1.25 s",
    ):
        assert words in shown
    assert "1.25 s: greeting (1.25 s)" in shown
    assert "\x1b" not in done.stdout


def test_plan_and_validate_name_every_problem_on_stderr(mini_n8n: Ask, bad: Path) -> None:
    for command in ("plan", "validate"):
        done = mini_n8n(command, bad)
        assert (done.returncode, done.stdout) == (1, "")
        assert "connections[0].source: there is no node 'whom'; did you mean 'who'?" in done.stderr
        assert done.stderr.splitlines()[-1].endswith("problems.")


def test_validate_says_that_nothing_is_wrong(mini_n8n: Ask, good: Path) -> None:
    done = mini_n8n("validate", good)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{good}: 2 nodes, no problems.\n", "")
    assert json.loads(mini_n8n("validate", good, "--json").stdout) == {"problems": []}


def test_run_refuses_a_document_with_problems_before_it_starts_anything(mini_n8n: Ask, bad: Path) -> None:
    done = mini_n8n("run", bad)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Starting" not in done.stderr


def test_run_refuses_inputs_that_do_not_fit_before_it_starts_anything(mini_n8n: Ask, good: Path) -> None:
    done = mini_n8n("run", good, "--input", "whom=me")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mini-n8n: --input whom=me: there is no input 'whom'; did you mean 'who'?\n"


def test_bench_knows_what_it_can_measure(mini_n8n: Ask) -> None:
    done = mini_n8n("bench", "speed")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there are: compile, import, nodes, api, express, load, faults, real, compiler." in done.stderr
