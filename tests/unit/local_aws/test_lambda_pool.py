"""The pool of worker processes by itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

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
        pids = list(threads.map(lambda _: invoke(pool, spec, {"seconds": 1}), range(10)))
    assert len(set(pids)) == 10
    assert time.monotonic() - started < 8  # one after the other they would take more than ten seconds


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
