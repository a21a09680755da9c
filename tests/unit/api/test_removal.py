"""Executions go, by a delete or their time; what they made goes with them, but for what others share."""

from __future__ import annotations

from typing import Any

import pytest

from engine.execution import FILES_PREFIX, VALUES_PREFIX
from engine.node import NodeResult
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import connect, node

LARGE = "x" * 40_000


@pytest.fixture(autouse=True)
def scripted(bench: ApiBench) -> None:
    """A node gives what is large, and one whose value is `fail` fails."""

    async def run(config: dict[str, Any], _: Any, context: Any) -> NodeResult:
        if config["value"] == "fail":
            raise ValueError("as asked")
        await context.files.save("a.txt", b"a", "text/plain")
        return NodeResult({"output": LARGE})

    bench.scripts.run = run


def failed(bench: ApiBench, **settings: Any) -> tuple[str, str]:
    """A workflow, and an execution of it that made a file and a large result, and failed after that."""
    document = {
        "name": "Mine",
        "nodes": [node("a", value=1), node("b", value="fail")],
        "connections": connect("a>b"),
        "settings": settings,
    }
    saved = bench.send("POST", "/workflows/", json=document)
    assert saved.status_code == 201, saved.text
    return saved.json()["id"], start(bench, saved.json()["id"])


def start(bench: ApiBench, workflow_id: str) -> str:
    return str(bench.send("POST", f"/workflows/{workflow_id}/execute", json={}).json()["id"])


def retry(bench: ApiBench, execution_id: str) -> str:
    answer = bench.send("POST", f"/executions/{execution_id}/retry")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def delete(bench: ApiBench, execution_id: str) -> None:
    """Delete it, and do what follows."""
    answer = bench.send("DELETE", f"/executions/{execution_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    bench.remover.clear(execution_id)


def objects(bench: ApiBench, execution_id: str) -> int:
    """How many objects there are that the execution made."""
    prefixes = (f"{VALUES_PREFIX}{execution_id}/", f"{FILES_PREFIX}{execution_id}/")
    return len([key for key in bench.blobs.list_keys() if key.startswith(prefixes)])


def shown(bench: ApiBench, execution_id: str, node_id: str = "a") -> int:
    """The length of a node's result, as it is read by who goes on from it."""
    run = bench.record(execution_id, node_id)
    return len(bench.values.load(run.result, run.claim)["output"])


def test_a_deleted_execution_is_gone_with_all_that_it_made(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    other = start(bench, workflow_id)
    assert objects(bench, execution_id) == 2
    delete(bench, execution_id)
    assert objects(bench, execution_id) == 0
    assert bench.executions.list_node_runs(execution_id).items == ()
    for method, path in (("GET", ""), ("GET", "/nodes/a"), ("DELETE", ""), ("POST", "/retry")):
        answer = bench.send(method, f"/executions/{execution_id}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:mini-n8n:problem:not-found")
    listed = bench.send("GET", f"/workflows/{workflow_id}/executions").json()["items"]
    assert [one["id"] for one in listed] == [other]
    assert objects(bench, other) == 2


def test_one_that_runs_is_refused_with_a_cure(bench: ApiBench) -> None:
    bench.runs = False
    workflow_id, execution_id = failed(bench)
    for path in (f"/executions/{execution_id}", f"/workflows/{workflow_id}/executions/{execution_id}"):
        answer = bench.send("DELETE", path)
        assert answer.status_code == 409
        assert "is running. Cancel it, or wait for its end, then delete it." in answer.json()["detail"]
    assert bench.execution(execution_id).execution_id == execution_id


def test_one_of_another_workflow_is_not_found_there(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    other, _ = failed(bench)
    assert bench.send("DELETE", f"/workflows/{other}/executions/{execution_id}").status_code == 404
    assert bench.send("DELETE", f"/workflows/{workflow_id}/executions/{execution_id}").status_code == 204


def test_what_a_retry_shares_stays_until_the_last_of_them_goes(bench: ApiBench) -> None:
    _, first = failed(bench)
    second = retry(bench, first)
    third = retry(bench, second)
    assert bench.record(third, "a").claim == bench.record(first, "a").claim
    delete(bench, first)
    assert (objects(bench, first), shown(bench, second), shown(bench, third)) == (2, len(LARGE), len(LARGE))
    delete(bench, second)
    assert (objects(bench, first), shown(bench, third)) == (2, len(LARGE))
    # Through the second, which is gone: the fourth shares with the first, too.
    fourth = retry(bench, third)
    delete(bench, third)
    assert (objects(bench, first), shown(bench, fourth)) == (2, len(LARGE))
    delete(bench, fourth)
    assert [key for key in bench.blobs.list_keys() if "ex_" in key] == []


def test_one_node_that_ran_alone_keeps_the_results_it_ran_on(bench: ApiBench) -> None:
    workflow_id, first = failed(bench)
    body = {"execution_id": first}
    alone = bench.send("POST", f"/workflows/{workflow_id}/nodes/b/run", json=body).json()["id"]
    delete(bench, first)
    assert shown(bench, alone) == len(LARGE)
    delete(bench, alone)
    assert objects(bench, first) == 0


def test_clearing_up_twice_or_after_a_late_write_does_no_harm(bench: ApiBench) -> None:
    _, first = failed(bench)
    second = retry(bench, first)
    bench.remover.clear(second)  # it is there: nothing is to be done
    assert shown(bench, second) == len(LARGE)
    delete(bench, first)
    for _ in range(2):
        bench.remover.clear(first)
    assert shown(bench, second) == len(LARGE)
    delete(bench, second)
    bench.blobs.put(f"{VALUES_PREFIX}{second}/late/result.json", b"{}")
    bench.remover.clear(second)
    assert [key for key in bench.blobs.list_keys() if "ex_" in key] == []


def test_an_idempotency_key_of_a_deleted_execution_starts_none(bench: ApiBench) -> None:
    workflow_id, _ = failed(bench)
    key = {"Idempotency-Key": "once"}
    execute = f"/workflows/{workflow_id}/execute"
    execution_id = bench.send("POST", execute, json={}, headers=key).json()["id"]
    delete(bench, execution_id)
    answer = bench.send("POST", execute, json={}, headers=key)
    assert answer.status_code == 409
    assert f"'{execution_id}', which this Idempotency-Key started, was deleted" in answer.json()["detail"]
    assert bench.send("POST", execute, json={}, headers={"Idempotency-Key": "new"}).status_code == 202


def test_an_execution_is_kept_as_long_as_its_workflow_says(bench: ApiBench) -> None:
    for settings, days in (({}, 90), ({"retention_days": 7}, 7), ({"retention_days": 3_650}, 3_650)):
        _, execution_id = failed(bench, **settings)
        found = bench.send("GET", f"/executions/{execution_id}").json()
        execution = bench.execution(execution_id)
        assert execution.ended_at is not None
        assert (execution.expires_at - execution.ended_at).days == execution.retention_days == days
        assert found["expires_at"] == execution.expires_at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("days", [0, 3_651, "7", 1.5])
def test_a_retention_that_is_none_is_refused(bench: ApiBench, days: Any) -> None:
    document = {"name": "Mine", "nodes": [node("a", value=1)], "settings": {"retention_days": days}}
    answer = bench.send("POST", "/workflows/", json=document)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["problems"]] == ["settings.retention_days"]


def test_versions_of_a_deleted_workflow_stay_as_long_as_its_executions(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench, retention_days=300)
    document = {"name": "Mine", "nodes": [node("a", value=1)]}
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=document).status_code == 200
    assert bench.send("DELETE", f"/workflows/{workflow_id}").status_code == 204
    bench.clock.advance(299 * 86_400)
    assert bench.send("GET", f"/executions/{execution_id}").status_code == 200
    assert bench.send("DELETE", f"/executions/{execution_id}").status_code == 204
