"""Cancel, timeouts, saves during executions, lost events, and who may save."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from engine.errors import ExecutionEndedError
from engine.service.overdue import OVERDUE_SECONDS
from engine.task import Task
from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, http_node, node, workflow
from tests.integration.own_root import asked, own_root
from tests.integration.workflow_api import WorkflowApi, results, statuses


def wait_for(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)
    return found


def started_node(api: WorkflowApi, execution_id: str, node_id: str) -> bool:
    run = api.http.get(f"/executions/{execution_id}/nodes/{node_id}").json()
    return bool(run["status"] == "running")


def test_a_cancelled_execution_is_over_and_what_comes_late_is_refused(
    api: WorkflowApi, stack: LocalStack
) -> None:
    slow = http_node("slow", f"{stack.data_url}/slow?seconds=3")
    started = api.start(api.save(chain(slow, node("after", "transform"))))
    execution_id = started["id"]
    wait_for(lambda: started_node(api, execution_id, "slow"))
    answer = api.http.post(f"/executions/{execution_id}/cancel")
    assert answer.status_code == 200
    ended = api.end(execution_id)
    assert (ended["status"], ended["error"]["type"]) == ("aborted", "Cancelled")
    assert statuses(ended) == {"slow": "aborted", "after": "aborted"}
    assert api.http.post(f"/executions/{execution_id}/cancel").status_code == 409
    task = Task(
        execution_id=execution_id, workflow_id=ended["workflow_id"], version=1, nodes=("after",), step="run"
    )
    with own_root(stack) as root, pytest.raises(ExecutionEndedError):
        root.runner.run(task)
    # The function of the slow node runs on: its result comes when nobody wants it any more.
    assert stack.models is not None
    calls = stack.models.ledger
    wait_for(lambda: calls._in_flight["GET /data/slow"] == 0)
    assert api.end(execution_id) == ended


def test_a_workflow_over_its_time_ends_as_timed_out_by_its_event(api: WorkflowApi, stack: LocalStack) -> None:
    slow = http_node("slow", f"{stack.data_url}/slow?seconds=5")
    ended = api.run(chain(slow, node("after", "transform"), settings={"timeout_seconds": 1}))
    assert ended["status"] == "timed_out"
    assert "settings.timeout_seconds" in ended["error"]["message"]
    assert statuses(ended) == {"slow": "aborted", "after": "aborted"}
    assert ended["duration_seconds"] < 5


def test_a_node_over_its_time_is_a_node_run_that_timed_out(api: WorkflowApi, stack: LocalStack) -> None:
    slow = http_node("slow", f"{stack.data_url}/slow?seconds=5")
    ended = api.run(workflow({**slow, "timeout_seconds": 1}))
    assert (ended["status"], ended["error"]["type"]) == ("failed", "NodeTimeoutError")
    assert statuses(ended) == {"slow": "timed_out"}


def test_an_execution_runs_the_version_that_it_started_with(api: WorkflowApi, stack: LocalStack) -> None:
    def document(word: str, *more: dict[str, Any]) -> dict[str, Any]:
        slow = http_node("slow", f"{stack.data_url}/slow?seconds=1.5")
        return chain(slow, node("out", "output", value=word), *more)

    workflow_id = api.save(document("old"))
    started = api.start(workflow_id)
    wait_for(lambda: started_node(api, started["id"], "slow"))
    saved = api.http.put(f"/workflows/{workflow_id}", json=document("new", node("more", "transform")))
    assert (saved.status_code, saved.json()["version"]) == (200, 2)
    ended = api.end(started["id"])
    assert (ended["version"], ended["output"], len(ended["nodes"])) == (1, {"out": "old"}, 2)
    again = api.execute(workflow_id)
    assert (again["version"], again["output"], len(again["nodes"])) == (2, {"out": "new"}, 3)


def test_of_two_who_save_the_same_revision_at_once_one_wins(api: WorkflowApi, http: httpx.Client) -> None:
    workflow_id = api.save(workflow(node("a", "transform")))
    barrier = threading.Barrier(4)

    def save(number: int) -> int:
        barrier.wait(10)
        answer = http.put(
            f"/workflows/{workflow_id}",
            json=workflow(node(f"n{number}", "transform")),
            headers={"If-Match": '"1"'},
        )
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, range(4))) == [200, 412, 412, 412]
    found = http.get(f"/workflows/{workflow_id}").json()
    assert (found["revision"], found["version"]) == (2, 2)
    ended = api.execute(workflow_id)
    assert list(statuses(ended)) == [found["workflow"]["nodes"][0]["id"]]
    assert ended["status"] == "succeeded"


def test_an_execution_whose_event_was_lost_is_repaired_when_it_is_read(
    api: WorkflowApi, stack: LocalStack
) -> None:
    events = local_client(stack.endpoint, "events")
    (rule,) = [rule["Name"] for rule in events.list_rules()["Rules"] if "StatusChange" in rule["Name"]]
    workflow_id = api.save(
        chain(node("a", "transform", set={"x": 1}), node("out", "output", value="{{a.output}}"))
    )
    events.disable_rule(Name=rule)
    try:
        started = api.start(workflow_id)
        machines = local_client(stack.endpoint, "stepfunctions")
        arn = started["execution_arn"]
        wait_for(lambda: machines.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
        time.sleep(0.5)  # as long as an event takes at most
        assert api.http.get(f"/executions/{started['id']}").json()["status"] == "running"
        with own_root(stack, seconds_ahead=OVERDUE_SECONDS + 10) as root:
            root.execution_service.get(started["id"])
    finally:
        events.enable_rule(Name=rule)
    ended = api.http.get(f"/executions/{started['id']}").json()
    assert (ended["status"], ended["output"]) == ("succeeded", {"out": {"x": 1}})
    assert ended["duration_seconds"] < OVERDUE_SECONDS


def test_a_deleted_workflow_keeps_what_it_ran_and_loses_its_machine(
    api: WorkflowApi, stack: LocalStack
) -> None:
    workflow_id = api.save(workflow(node("a", "transform", set={"x": 1})))
    ended = api.execute(workflow_id)
    machines = local_client(stack.endpoint, "stepfunctions")
    names = {machine["name"] for machine in machines.list_state_machines()["stateMachines"]}
    assert f"mini-n8n-local-{workflow_id}" in names
    assert api.http.delete(f"/workflows/{workflow_id}").status_code == 204
    assert api.http.get(f"/workflows/{workflow_id}").status_code == 404
    assert api.http.get(f"/executions/{ended['id']}").json() == ended
    names = {machine["name"] for machine in machines.list_state_machines()["stateMachines"]}
    assert f"mini-n8n-local-{workflow_id}" not in names
    assert results(ended)["a"] == {"output": {"x": 1}}


def test_health_tells_which_table_is_missing(stack: LocalStack) -> None:
    assert httpx.get(f"{stack.api_url}/health", timeout=30).json()["status"] == "ok"
    with own_root(stack, variables={"CACHE_TABLE": "mini-n8n-nobody-made"}) as root:
        answer = asked(root, "GET", "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    failing = [part for part, check in answer.json()["checks"].items() if check["status"] == "failing"]
    assert failing == ["cache"]
