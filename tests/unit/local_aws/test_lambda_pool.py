"""The pool of worker processes by itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws.lambda_pool.caller import Caller
from infra.local.aws.lambda_pool.capacity import Capacity, ProcessorWatch
from infra.local.aws.lambda_pool.function_queue import NoEnvironmentError
from infra.local.aws.lambda_pool.function_spec import FunctionSpec
from infra.local.aws.lambda_pool.pool import LambdaPool
from infra.local.aws.lambda_pool.worker_log import MAX_LOG_BYTES
from tests.unit.local_aws.conftest import wait_for

APP = """
import os, sys, time
def handler(event, context):
    if event.get("say"): print("x" * event["say"])
    if event.get("read"): return sys.stdin.read()
    time.sleep(event.get("seconds", 0))
    return os.getpid()
"""


@pytest.fixture
def spec(tmp_path: Path) -> FunctionSpec:
    (tmp_path / "app.py").write_text(APP)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
    return FunctionSpec(arn, "f", "$LATEST", "app.handler", str(tmp_path), timeout_seconds=20)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[LambdaPool]:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", idle_seconds=1.0)
    yield pool
    pool.close()


@pytest.fixture
def narrow_pool(tmp_path: Path) -> Iterator[LambdaPool]:
    """One environment for each function, and no more than two in all."""
    capacity = Capacity(own=1, total=2, queue_seconds=8.0)
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", capacity=capacity)
    yield pool
    pool.close()


def invoke(pool: LambdaPool, spec: FunctionSpec, event: dict[str, Any]) -> Any:
    result = pool.invoke(spec, json.dumps(event).encode())
    assert not result.is_error, result.payload
    return json.loads(result.payload)


def test_an_idle_worker_is_ended_and_its_log_removed(
    pool: LambdaPool, spec: FunctionSpec, tmp_path: Path
) -> None:
    invoke(pool, spec, {})
    assert pool.worker_count() == 1
    wait_for(lambda: pool.worker_count() == 0, 10)
    wait_for(lambda: not list((tmp_path / "logs").iterdir()))


def test_ten_cold_starts_go_side_by_side(pool: LambdaPool, spec: FunctionSpec) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(10) as threads:
        pids = list(threads.map(lambda _: invoke(pool, spec, {"seconds": 3}), range(10)))
    assert len(set(pids)) == 10
    assert time.monotonic() - started < 20  # one after the other they would take more than thirty seconds


def test_a_log_does_not_grow_without_end(pool: LambdaPool, spec: FunctionSpec, tmp_path: Path) -> None:
    for _ in range(4):
        invoke(pool, spec, {"say": MAX_LOG_BYTES // 2})
    (log,) = (tmp_path / "logs").iterdir()
    assert log.stat().st_size <= 2 * MAX_LOG_BYTES


def test_a_function_finds_its_standard_input_empty(pool: LambdaPool, spec: FunctionSpec) -> None:
    assert invoke(pool, spec, {"read": True}) == ""


def test_the_package_of_the_pool_is_not_on_the_path_of_a_function(pool: LambdaPool, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("import sys\ndef handler(event, context): return sys.path")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST"
    paths = invoke(pool, FunctionSpec(arn, "g", "$LATEST", "other.handler", str(tmp_path)), {})
    assert paths[0] == str(tmp_path)
    assert [path for path in paths if "lambda_pool" in path] == []


def test_many_invocations_share_the_environments_that_there_may_be(
    narrow_pool: LambdaPool, spec: FunctionSpec
) -> None:
    with ThreadPoolExecutor(12) as threads:
        pids = list(threads.map(lambda _: invoke(narrow_pool, spec, {"seconds": 0.1}), range(30)))
    assert len(pids) == 30
    assert len(set(pids)) <= 2
    assert narrow_pool.worker_count() <= 2


def test_who_came_first_has_the_first_turn(tmp_path: Path, spec: FunctionSpec) -> None:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", capacity=Capacity(own=1, total=1))
    order: list[int] = []

    def call(number: int) -> None:
        pool.invoke(spec, b'{"seconds": 0.3}', caller=Caller(lambda: order.append(number)))

    invoke(pool, spec, {})
    with ThreadPoolExecutor(6) as threads:
        for number in range(6):
            threads.submit(call, number)
            time.sleep(0.04)
    pool.close()
    assert order == [0, 1, 2, 3, 4, 5]


def test_a_function_that_others_wait_for_runs_when_these_hold_all_there_is(
    narrow_pool: LambdaPool, spec: FunctionSpec
) -> None:
    called = replace(spec, arn=spec.arn.replace(":f:", ":g:"), name="g")
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(invoke, narrow_pool, spec, {"seconds": 6}) for _ in range(2)]
        wait_for(lambda: narrow_pool.worker_count() == 2, 10)
        started = time.monotonic()
        invoke(narrow_pool, called, {})
        assert time.monotonic() - started < 5
        assert not waiting[0].done()


def test_what_waits_too_long_is_refused_and_the_rest_goes_on(tmp_path: Path, spec: FunctionSpec) -> None:
    capacity = Capacity(own=1, total=1, queue_seconds=3.0)
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", capacity=capacity)
    first = invoke(pool, spec, {})
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(invoke, pool, spec, {"seconds": 5})
        time.sleep(0.2)
        with pytest.raises(NoEnvironmentError):
            invoke(pool, spec, {})
        assert running.result() == first
    assert invoke(pool, spec, {}) == first
    pool.close()


def test_an_idle_environment_makes_room_for_another_function(
    narrow_pool: LambdaPool, spec: FunctionSpec
) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: invoke(narrow_pool, spec, {"seconds": 1}), range(2)))
    other = replace(spec, arn=spec.arn.replace(":f:", ":g:"), name="g")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: invoke(narrow_pool, other, {"seconds": 1}), range(2)))
    wait_for(lambda: narrow_pool.worker_count() <= 2)


def test_more_start_only_where_the_processor_is_not_what_they_lack() -> None:
    capacity = Capacity(own=4, total=20, blocked_seconds=0.2)
    assert capacity.allows(3, 20, 0.0, is_idle=False)
    assert not capacity.allows(4, 8, 0.1, is_idle=False)
    assert capacity.allows(4, 8, 0.2, is_idle=False)
    assert not capacity.allows(8, 8, 0.3, is_idle=False)
    assert capacity.allows(8, 8, 0.0, is_idle=True)
    assert not capacity.allows(8, 20, 9.0, is_idle=True)


@pytest.mark.parametrize(
    ("later", "server_seconds", "has_spare_time"),
    [
        ("cpu 30 0 10 160 0 0 0 0", 0.1, True),
        ("cpu 90 0 20 110 0 0 0 0", 0.1, False),
        ("cpu 30 0 10 160 0 0 0 0", 0.95, False),
        ("", 0.1, False),
    ],
)
def test_there_is_time_to_spare_where_neither_the_processor_nor_this_server_is_the_limit(
    tmp_path: Path, later: str, server_seconds: float, has_spare_time: bool
) -> None:
    times, now, used = tmp_path / "stat", [0.0], [0.0]
    times.write_text("cpu 10 0 10 100 0 0 0 0\n")
    watch = ProcessorWatch(times, lambda: now[0], lambda: used[0])
    times.write_text(later)
    now[0] = 0.1
    assert not watch.look()
    now[0], used[0] = 1.0, server_seconds
    assert watch.look() is has_spare_time
    assert not watch.look()


def test_the_time_in_the_queue_is_known_apart_from_the_run(tmp_path: Path, spec: FunctionSpec) -> None:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", capacity=Capacity(own=1, total=1))
    caller = Caller(is_request=True)
    with ThreadPoolExecutor(2) as threads:
        threads.submit(invoke, pool, spec, {"seconds": 2})
        wait_for(lambda: pool.worker_count() == 1)
        waiting = threads.submit(pool.invoke, spec, b'{"seconds": 1}', caller=caller)
        wait_for(lambda: pool.waiting_requests == 1)
        time.sleep(0.5)
        assert caller.queue_seconds >= 0.5
        waiting.result()
        in_all = caller.queue_seconds
        time.sleep(0.1)
        assert caller.queue_seconds == in_all
    assert pool.waiting_requests == 0
    pool.close()
