"""Workers forked from a template: what they share, what they do not, and what ends what."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws.lambda_pool import environment
from infra.local.aws.lambda_pool.function_spec import FunctionSpec
from infra.local.aws.lambda_pool.pool import LambdaPool
from infra.local.aws.lambda_pool.worker_starter import can_fork
from tests.unit.local_aws.conftest import wait_for

pytestmark = pytest.mark.skipif(not can_fork(), reason="workers are not forked on this platform")

APP = """
import os, random, sys, time, uuid
print("loaded")
loaded_as = uuid.uuid4().hex
def handler(event, context):
    do = event.get("do")
    if do == "print": print("hello")
    if do == "exit": os._exit(3)
    if do == "sleep": time.sleep(event["seconds"])
    if do == "import":
        was_there = event["name"] in sys.modules
        __import__(event["name"])
        return was_there
    return {
        "pid": os.getpid(), "template": os.getppid(), "loaded_as": loaded_as, "random": random.random(),
        "stream": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"], "group": os.getpgid(0),
    }
"""


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[LambdaPool]:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", idle_seconds=30)
    yield pool
    pool.close()


def make_spec(folder: Path, source: str, **more: Any) -> FunctionSpec:
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(source)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
    spec = FunctionSpec(arn, "f", "$LATEST", "app.handler", str(folder), timeout_seconds=20)
    return replace(spec, **more)


@pytest.fixture
def spec(tmp_path: Path) -> FunctionSpec:
    return make_spec(tmp_path / "code", APP)


def invoke(pool: LambdaPool, spec: FunctionSpec, **event: Any) -> Any:
    return json.loads(pool.invoke(spec, json.dumps(event).encode()).payload)


def in_parallel(pool: LambdaPool, spec: FunctionSpec, count: int, **event: Any) -> list[Any]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: invoke(pool, spec, **event), range(count)))


def is_there(pid: int) -> bool:
    """Whether there is such a process, be it a zombie."""
    return Path(f"/proc/{pid}").exists()


def test_environments_share_what_the_module_made_and_nothing_else(
    pool: LambdaPool, spec: FunctionSpec
) -> None:
    found = in_parallel(pool, spec, 3, do="sleep", seconds=1)
    assert {one["loaded_as"] for one in found} == {found[0]["loaded_as"]}
    assert {one["template"] for one in found} == {found[0]["template"]}
    for own in ("pid", "random", "stream", "group"):
        assert len({one[own] for one in found}) == 3, own


def test_what_the_module_prints_is_in_the_first_log_and_what_a_call_prints_in_its_own(
    pool: LambdaPool, spec: FunctionSpec
) -> None:
    assert pool.invoke(spec, b'{"do": "print"}').log == "loaded\nhello\n"
    assert pool.invoke(spec, b'{"do": "print"}').log == "hello\n"


def test_a_worker_that_crashes_leaves_the_template_and_no_zombie(
    pool: LambdaPool, spec: FunctionSpec
) -> None:
    first = invoke(pool, spec)
    crashed = invoke(pool, spec, do="exit")
    assert crashed["errorType"] == "Runtime.ExitError"
    assert crashed["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert not is_there(first["pid"])
    second = invoke(pool, spec)
    assert (second["template"], second["loaded_as"]) == (first["template"], first["loaded_as"])


def test_a_timeout_ends_its_worker_only(pool: LambdaPool, tmp_path: Path) -> None:
    spec = make_spec(tmp_path / "code", APP, timeout_seconds=1.0)
    first = invoke(pool, spec)
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(invoke, pool, spec, do="sleep", seconds=30)
        time.sleep(0.3)
        other = invoke(pool, spec)
        assert late.result()["errorType"] == "Sandbox.Timedout"
    assert not is_there(first["pid"])
    assert invoke(pool, spec)["pid"] == other["pid"]
    assert other["template"] == first["template"]


def test_an_import_error_has_its_own_shape_for_all_who_wait(pool: LambdaPool, tmp_path: Path) -> None:
    spec = make_spec(tmp_path / "code", "import absent_module")
    documents = in_parallel(pool, spec, 3)
    expected = {
        "errorMessage": "Unable to import module 'app': No module named 'absent_module'",
        "errorType": "Runtime.ImportModuleError",
        "requestId": "",
        "stackTrace": [],
    }
    assert documents == [expected] * 3
    wait_for(lambda: pool.template_count() == 0)


def test_an_exception_while_loading_keeps_its_class_and_trace(pool: LambdaPool, tmp_path: Path) -> None:
    document = invoke(pool, make_spec(tmp_path / "code", "raise KeyError('TABLE')"))
    assert (document["errorType"], document["errorMessage"]) == ("KeyError", "'TABLE'")
    assert "app.py" in document["stackTrace"][-1]


def test_a_module_that_exits_is_an_exit_error_and_is_tried_again(pool: LambdaPool, tmp_path: Path) -> None:
    source = "import os\nif not os.path.exists('been'):\n open('been', 'w').close(); os._exit(4)\n" + APP
    spec = make_spec(tmp_path / "code", source)
    assert invoke(pool, spec)["errorMessage"].endswith("Error: Runtime exited with error: exit status 4")
    assert "pid" in invoke(pool, spec)


def test_a_module_that_never_loads_times_out_and_its_template_is_ended(
    pool: LambdaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "INIT_TIMEOUT_SECONDS", 1)
    source = "import os, time\nopen('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    spec = make_spec(tmp_path / "code", source, timeout_seconds=1.0)
    assert invoke(pool, spec)["errorType"] == "Sandbox.Timedout"
    template = int((tmp_path / "code" / "pid").read_text())
    wait_for(lambda: not is_there(template) and pool.template_count() == 0)


@pytest.mark.parametrize("change", ["code", "variables"])
def test_a_change_retires_template_and_workers(pool: LambdaPool, tmp_path: Path, change: str) -> None:
    spec = make_spec(tmp_path / "code", APP)
    before = invoke(pool, spec)
    changed = (
        make_spec(tmp_path / "new", APP)
        if change == "code"
        else replace(spec, variables={"MORE": "there is"})
    )
    after = invoke(pool, changed)
    assert after["loaded_as"] != before["loaded_as"]
    wait_for(lambda: not is_there(before["pid"]) and not is_there(before["template"]))


def test_an_invocation_that_runs_while_the_code_changes_comes_to_its_end(
    pool: LambdaPool, tmp_path: Path
) -> None:
    old, new = make_spec(tmp_path / "old", APP), make_spec(tmp_path / "new", APP)
    template = invoke(pool, old)["template"]
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(invoke, pool, old, do="sleep", seconds=1.5)
        time.sleep(0.3)
        assert invoke(pool, new)["template"] != template
        assert running.result()["template"] == template
    invoke(pool, new)
    wait_for(lambda: not is_there(template))


def test_closing_the_pool_leaves_no_process_behind(tmp_path: Path, spec: FunctionSpec) -> None:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs")
    found = in_parallel(pool, spec, 3, do="sleep", seconds=0.5)
    pool.close()
    assert [pid for one in found for pid in (one["pid"], one["template"]) if is_there(pid)] == []


def test_an_idle_template_is_ended_after_its_workers(tmp_path: Path, spec: FunctionSpec) -> None:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", idle_seconds=0.5)
    found = invoke(pool, spec)
    assert pool.template_count() == 1
    wait_for(lambda: not is_there(found["pid"]) and not is_there(found["template"]))
    assert pool.template_count() == 0
    pool.close()


def test_a_template_that_is_killed_takes_its_workers_along_and_another_is_made(
    pool: LambdaPool, spec: FunctionSpec
) -> None:
    first = invoke(pool, spec)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(invoke, pool, spec, do="sleep", seconds=30)
        time.sleep(0.3)
        os.kill(first["template"], signal.SIGKILL)
        assert running.result()["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert invoke(pool, spec)["template"] != first["template"]


THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
CONNECTION = "import socket\nkept = socket.socketpair()\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [(THREAD, "its module leaves 1 threads running"), (CONNECTION, "its module leaves a connection open")],
)
def test_a_module_that_cannot_be_forked_is_loaded_anew_and_the_log_says_why_once(
    pool: LambdaPool, tmp_path: Path, caplog: pytest.LogCaptureFixture, source: str, reason: str
) -> None:
    spec = make_spec(tmp_path / "code", source + APP)
    found = in_parallel(pool, spec, 2, do="sleep", seconds=1) + in_parallel(
        pool, spec, 3, do="sleep", seconds=1
    )
    assert len({one["loaded_as"] for one in found}) == 3
    assert {one["template"] for one in found} == {os.getpid()}
    assert [record.getMessage() for record in caplog.records] == [
        f"f is loaded anew for each environment: {reason}"
    ]


def test_what_a_first_invocation_loads_is_there_in_the_next_environment(
    pool: LambdaPool, tmp_path: Path
) -> None:
    spec = make_spec(tmp_path / "code", APP)
    (tmp_path / "code" / "heavy.py").write_text("import os\nloaded_by = os.getpid()\n")
    assert invoke(pool, spec, do="import", name="heavy") is False

    def is_known() -> Any:
        invoke(pool, spec, do="exit")
        return invoke(pool, spec, do="import", name="heavy")

    assert wait_for(is_known)


def test_a_lazily_loaded_thread_ends_the_forking_but_not_the_function(
    pool: LambdaPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = make_spec(tmp_path / "code", APP)
    (tmp_path / "code" / "heavy.py").write_text(THREAD)
    assert invoke(pool, spec, do="import", name="heavy") is False

    counts = itertools.count(2)

    def is_noticed() -> Any:
        """Each time one more at once: only a start that comes after the lesson tells."""
        in_parallel(pool, spec, next(counts), do="sleep", seconds=0.5)
        return caplog.records

    wait_for(is_noticed)
    assert [record.getMessage() for record in caplog.records] == [
        "f is loaded anew for each environment: its module leaves 1 threads running"
    ]
    assert invoke(pool, spec)["pid"] > 0


@pytest.mark.parametrize("then", ["", "import gc; gc.freeze()\n"])
def test_an_event_loop_made_by_the_module_works_in_every_environment(
    pool: LambdaPool, tmp_path: Path, then: str
) -> None:
    source = (
        f"import asyncio, os\nloop = asyncio.new_event_loop()\n{then}"
        "async def work():\n"
        "    await asyncio.sleep(0.5)\n"
        "    return await asyncio.to_thread(os.getppid)\n"
        "def handler(event, context): return loop.run_until_complete(work())\n"
    )
    spec = make_spec(tmp_path / "code", source)
    found = in_parallel(pool, spec, 3) + in_parallel(pool, spec, 3)
    assert len(set(found)) == 1
    assert found[0] != os.getpid()


def test_without_forking_every_environment_loads_the_module(tmp_path: Path, spec: FunctionSpec) -> None:
    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path / "logs", forks=False)
    found = in_parallel(pool, spec, 2, do="sleep", seconds=1)
    pool.close()
    assert len({one["loaded_as"] for one in found}) == 2
    assert {one["template"] for one in found} == {os.getpid()}


def test_forking_is_for_linux_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_fork()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_fork()
