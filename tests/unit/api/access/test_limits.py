from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from engine.execution import ExecutionStatus
from engine.machine import MachineExecution
from tests.unit.api.access.access_bench import BOOTSTRAP_KEY, AccessBench


def end(bench: AccessBench, execution_id: str, *, heard: bool = True) -> None:
    """The execution ends; ``heard``: its event arrives."""
    bench.run(execution_id, "a")
    arn = bench.execution(execution_id).execution_arn
    assert arn is not None
    bench.machines.end(arn, ExecutionStatus.SUCCEEDED)
    if heard:
        ended = MachineExecution(ExecutionStatus.SUCCEEDED, bench.clock.now(), bench.clock.now())
        bench.finisher.finish(execution_id, ended)


def test_requests_are_counted_by_the_minute_and_answers_tell_how_many_are_left(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"requests_per_minute": 3})
    bench.clock.advance(20)
    answers = [bench.ask(key, "GET", path) for path in ("/me", "/workflows/wf_none", "/audit", "/me", "/me")]
    assert [answer.status_code for answer in answers] == [200, 404, 403, 429, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        f'"requests";r={left};t=40' for left in (2, 1, 0, 0, 0)
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"requests";q=3;w=60'}
    refused = answers[3]
    assert refused.headers["retry-after"] == "40"
    assert refused.json()["type"] == "urn:mini-n8n:problem:limit-exceeded"
    bench.clock.advance(40)
    assert bench.ask(key, "GET", "/me").status_code == 200


def test_keys_are_counted_apart_and_the_deployments_key_is_not_counted(bench: AccessBench) -> None:
    keys = [bench.key("ann", limits={"requests_per_minute": 1}) for _ in range(2)]
    assert [bench.ask(key, "GET", "/me").status_code for key in [*keys, *keys]] == [200, 200, 429, 429]
    assert "ratelimit" not in bench.ask(BOOTSTRAP_KEY, "GET", "/me").headers


def test_a_limit_of_requests_is_exact_when_all_come_at_once(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"requests_per_minute": 25})
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: bench.ask(key, "GET", "/me").status_code, range(60)))
    assert (statuses.count(200), statuses.count(429)) == (25, 35)


def test_executions_are_counted_by_the_day_and_those_that_do_not_start_are_not(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"executions_per_day": 2})
    workflow_id = bench.save(key)
    path = f"/workflows/{workflow_id}/execute"
    assert bench.ask(key, "POST", path, json={"inputs": {"no": 1}}).status_code == 422
    again = {"headers": {"Idempotency-Key": "k"}, "json": {}}
    assert [bench.ask(key, "POST", path, **again).status_code for _ in range(3)] == [202, 202, 202]
    answers = [bench.start(key, workflow_id) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 429]
    assert answers[1].headers["ratelimit-policy"] == '"executions";q=2;w=86400'
    assert answers[1].headers["retry-after"] == "86400"
    bench.clock.advance(86_400)
    assert bench.start(key, workflow_id).status_code == 202


def test_executions_at_a_time_are_exact_and_an_end_makes_room(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"concurrent_executions": 3})
    workflow_id = bench.save(key)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: bench.start(key, workflow_id), range(12)))
    started = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(started) == 3
    assert [answer.headers["retry-after"] for answer in answers if answer.status_code == 429] == ["10"] * 9
    end(bench, started[0])
    assert [bench.start(key, workflow_id).status_code for _ in range(2)] == [202, 429]
    bench.ask(key, "POST", f"/executions/{started[1]}/cancel")
    assert [bench.start(key, workflow_id).status_code for _ in range(2)] == [202, 429]


def test_a_place_whose_end_was_never_heard_of_is_found(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"concurrent_executions": 1})
    workflow_id = bench.save(key)
    lost = bench.start(key, workflow_id).json()["id"]
    end(bench, lost, heard=False)
    assert bench.start(key, workflow_id).status_code == 429
    bench.clock.advance(3_700)
    assert bench.start(key, workflow_id).status_code == 202
    assert bench.ask(key, "GET", f"/executions/{lost}").json()["status"] == "succeeded"


def test_a_place_that_was_reserved_by_a_process_that_died_is_found(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"concurrent_executions": 1})
    workflow_id = bench.save(key)
    bench.limits.hold(f"key:{key.split('_')[1]}", bench.clock.new_id("ex"), 1)
    assert bench.start(key, workflow_id).status_code == 429
    bench.clock.advance(121)
    assert bench.start(key, workflow_id).status_code == 202


def test_an_execution_that_is_over_a_limit_leaves_nothing_behind(bench: AccessBench) -> None:
    key = bench.key("ann", limits={"executions_per_day": 1, "concurrent_executions": 2})
    workflow_id = bench.save(key)
    first = bench.start(key, workflow_id).json()["id"]
    assert bench.start(key, workflow_id).status_code == 429
    assert [item["id"] for item in bench.ask(key, "GET", "/executions").json()["items"]] == [first]
    bench.clock.advance(86_400)
    assert bench.start(key, workflow_id).status_code == 202
