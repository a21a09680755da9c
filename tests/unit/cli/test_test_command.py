from __future__ import annotations

import sys

import pytest

from infra.cli import test_command


def _exits(code: int, text: str = "") -> list[str]:
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"]


def test_all_steps_run_and_the_first_failure_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    found = {"good": _exits(0, "silent"), "bad": _exits(3, "a finding"), "worse": _exits(4, "another")}
    monkeypatch.setattr(test_command, "linters", lambda: found)
    monkeypatch.setattr(test_command, "tests", lambda: _exits(5, "its own progress"))
    assert test_command.run_tests([]) == 3
    shown = capfd.readouterr()
    *findings, last = shown.out.split()
    assert sorted(findings) == ["a", "another", "finding", "its", "own"]
    assert last == "progress"
    said = [line.split(" in ")[0] for line in shown.err.splitlines()]
    assert sorted(said[:-2]) == [
        "bad ...",
        "bad FAILED",
        "good ...",
        "good passed",
        "worse ...",
        "worse FAILED",
    ]
    assert said[-2:] == ["pytest ...", "pytest FAILED"]


def test_arguments_go_to_pytest_alone(capfd: pytest.CaptureFixture[str]) -> None:
    code = test_command.run_tests(
        ["--collect-only", "-q", "tests/unit/cli/test_test_command.py", "-k", "alone"]
    )
    assert code == 0
    assert "1/4 tests collected (3 deselected)" in capfd.readouterr().out


def test_what_ci_runs_is_lint_format_types_layers_and_tests() -> None:
    assert list(test_command.linters()) == [
        *("ruff check", "ruff format", "mypy", "lint-imports", "pytest --collect-only")
    ]
    assert test_command.tests()[1:3] == ["-m", "pytest"]


def test_workers_are_more_than_cores_since_they_wait_for_a_part_of_their_time() -> None:
    assert [test_command.worker_count(cores) for cores in (1, 2, 3, 64)] == [2, 3, 4, 4]
    (workers,) = (word for word in test_command.tests() if word.startswith("--numprocesses="))
    assert 2 <= int(workers.partition("=")[2]) <= 4
