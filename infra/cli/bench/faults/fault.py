"""The faults, by name. Each is a context manager: it lasts as long as the block."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from infra.cli.bench.faults.delivery import delayed_and_doubled, undelivered
from infra.cli.bench.faults.stage import EXECUTORS, FaultStage
from infra.local.fault_proxy import Ailment

Fault: TypeAlias = Callable[[FaultStage], AbstractContextManager[None]]

# Between two deaths.
KILL_SECONDS = 0.7
# How long the executions run before the local AWS goes down.
RESTART_AFTER_SECONDS = 1.5


@contextmanager
def healthy(stage: FaultStage) -> Iterator[None]:
    """Nothing is done."""
    del stage
    yield


@contextmanager
def ill(stage: FaultStage, service: str, ailment: Ailment, share: float) -> Iterator[None]:
    """A share of one service's requests is refused, failed, cut off or slow."""
    stage.proxy.afflict(service, ailment, share)
    try:
        yield
    finally:
        stage.proxy.heal()


@contextmanager
def executors_killed(stage: FaultStage) -> Iterator[None]:
    """A process of an executor is killed, again and again, wherever it is in its work."""
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(KILL_SECONDS):
            for process_id in executor_processes(stage.stack.aws.pid)[:1]:
                try:
                    os.kill(process_id, signal.SIGKILL)
                    stage.done += 1
                except ProcessLookupError:
                    continue

    killer = threading.Thread(target=kill, name="killer")
    killer.start()
    try:
        yield
    finally:
        ended.set()
        killer.join()


@contextmanager
def aws_restarted(stage: FaultStage) -> Iterator[None]:
    """The local AWS ends while executions run, and comes back with what it kept."""
    timer = threading.Timer(RESTART_AFTER_SECONDS, stage.restart)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def executor_processes(aws_pid: int) -> list[int]:
    """Processes below the local AWS that run an executor, the youngest first. Linux alone shows them."""
    parents = {pid: parent for pid in _process_ids() if (parent := _parent(pid)) is not None}
    wanted = {f"AWS_LAMBDA_FUNCTION_NAME=mini-n8n-local-{name}".encode() for name in EXECUTORS}
    found = []
    for pid in sorted(parents, reverse=True):
        above = pid
        while above in parents and above != aws_pid:
            above = parents[above]
        if above == aws_pid and pid != aws_pid and wanted & set(_environment(pid).split(b"\0")):
            found.append(pid)
    # A process that others were forked from stays: to lose it is to lose all of them at once.
    return [pid for pid in found if pid not in set(parents.values())]


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _ill(service: str, ailment: Ailment, share: float) -> Fault:
    return partial(ill, service=service, ailment=ailment, share=share)


FAULTS: Mapping[str, Fault] = {
    "none": healthy,
    "DynamoDB throttles": _ill("dynamodb", "throttled", 0.3),
    "DynamoDB fails": _ill("dynamodb", "error", 0.3),
    "DynamoDB's answers are lost": _ill("dynamodb", "cut", 0.2),
    "DynamoDB is slow": _ill("dynamodb", "slow", 0.3),
    "Step Functions throttles": _ill("states", "throttled", 0.5),
    "Step Functions fails": _ill("states", "error", 0.5),
    "Step Functions' answers are lost": _ill("states", "cut", 0.5),
    "S3 throttles": _ill("s3", "throttled", 0.4),
    "S3 fails": _ill("s3", "error", 0.4),
    "S3's answers are lost": _ill("s3", "cut", 0.3),
    "Secrets Manager throttles": _ill("secretsmanager", "throttled", 0.5),
    "Secrets Manager fails": _ill("secretsmanager", "error", 0.5),
    "Secrets Manager is away": _ill("secretsmanager", "error", 1.0),
    "events late and twice": delayed_and_doubled,
    "events lost": undelivered,
    "executors killed": executors_killed,
    "the local AWS restarted": aws_restarted,
}
