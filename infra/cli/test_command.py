"""`mini-n8n test`: what CI runs. Linters, types and layers first, then the tests.

With arguments (paths, `-k`, any option of pytest) only pytest runs: someone is looking at one thing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
CHECKED = ("engine", "nodes", "functions", "infra", "tests", "examples")
# A file stays with one worker, so that its tests share what they started (a local AWS, a built function).
# Files are handed out in the order of tests/conftest.py.
SPREAD = ("--dist=loadfile", "--no-loadscope-reorder")
# A machine may name more cores than it lends, and each worker holds a local AWS with its functions (2 GB).
MOST_WORKERS = 4


def linters() -> dict[str, list[str]]:
    """The commands that read the sources, by the name they are shown under.

    The last has all modules of tests compiled beside mypy, which takes one core: else every worker does it.
    """
    folders = [name for name in CHECKED if (ROOT / name).is_dir()]
    return {
        "ruff check": [_tool("ruff"), "check", "--quiet", *folders],
        "ruff format": [_tool("ruff"), "format", "--check", "--quiet", *folders],
        "mypy": [_tool("mypy"), "--strict", "--no-error-summary"],
        "lint-imports": [_tool("lint-imports"), "--no-cache"],
        "pytest --collect-only": [*_pytest(), "--collect-only", "-qq"],
    }


def tests() -> list[str]:
    """The command that runs all tests."""
    return [*_pytest(), f"--numprocesses={worker_count(os.cpu_count() or 1)}", *SPREAD]


def worker_count(cores: int) -> int:
    """Half as many again as there are cores: for a quarter of its time a worker waits for time to pass."""
    return min(cores + max(1, cores // 2), MOST_WORKERS)


def run_tests(arguments: list[str]) -> int:
    """Run all, or pytest alone with `arguments`; return the exit code of the first step that failed.

    A step that fails does not keep the next ones from running: one look shows all that is wrong.
    """
    if arguments:
        return subprocess.run([*_pytest(), *arguments], cwd=ROOT, check=False).returncode
    with ThreadPoolExecutor() as pool:  # mypy takes one core, the others fit beside it
        codes = list(pool.map(_run_step, linters(), linters().values()))
    codes.append(_run_step("pytest", tests(), quiet=False))
    return next((code for code in codes if code != 0), 0)


def _run_step(name: str, command: list[str], *, quiet: bool = True) -> int:
    """``quiet``: it is heard only when it has found something, and then at once: lines of two do not mix."""
    _say(f"{name} ...")
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=quiet, text=True, stdin=subprocess.DEVNULL
    )
    if quiet and done.returncode != 0:
        _write(sys.stdout, f"{done.stdout}{done.stderr}")
    verdict = "passed" if done.returncode == 0 else "FAILED"
    _say(f"{name} {verdict} in {time.monotonic() - started:.1f} s")
    return done.returncode


def _say(text: str) -> None:
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    """In one piece: `print` writes the end of the line by itself, and another line can come between."""
    stream.write(f"{text}\n")
    stream.flush()


def _pytest() -> list[str]:
    return [sys.executable, "-m", "pytest"]


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1:]))
