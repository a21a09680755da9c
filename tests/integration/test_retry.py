"""A failed execution is tried again: what was finished costs nothing a second time."""

from __future__ import annotations

import time
from typing import Any

import httpx

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import connect, http_node, node, workflow
from tests.integration.test_shared_task import called
from tests.integration.workflow_api import WorkflowApi, statuses

DONE, LEFT = 15, 4


def twenty_nodes(stack: LocalStack) -> dict[str, Any]:
    """Fifteen nodes that ask the server, one that fails, four behind it."""
    ids = [f"n{index:02}" for index in range(DONE)]
    later = [f"later{index}" for index in range(LEFT)]
    url = f"{stack.data_url}/slow?seconds=0"
    nodes = [http_node(node_id, url) for node_id in ids]
    broken = node("broken", "transform", value="{{ inputs.none.at.all }}")
    nodes += [broken, *(http_node(node_id, url) for node_id in later)]
    pairs = [f"{ids[index]}>{ids[index + 3]}" for index in range(DONE - 3)]
    pairs += [*(f"{node_id}>broken" for node_id in ids[-3:]), *(f"broken>{node_id}" for node_id in later)]
    return workflow(*nodes, connections=connect(*pairs))


def retried_to_its_end(api: WorkflowApi, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    return api.end(answer.json()["id"])


def versions_of_the_machine(stack: LocalStack, execution: dict[str, Any]) -> list[str]:
    """What versions stand, a moment after the last execution ended: who records that removes its own."""
    client = local_client(stack.endpoint, "stepfunctions")
    machine = execution["execution_arn"].replace(":execution:", ":stateMachine:").rpartition(":")[0]
    deadline = time.monotonic() + 30
    while True:
        listed = client.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
        if len(listed) == 1 or time.monotonic() > deadline:
            return [version["stateMachineVersionArn"] for version in listed]
        time.sleep(0.1)


def test_fifteen_of_twenty_results_are_kept(api: WorkflowApi, stack: LocalStack) -> None:
    assert stack.models is not None
    workflow_id = api.save(twenty_nodes(stack))
    failed = api.execute(workflow_id)
    assert failed["status"] == "failed"
    finished = [node_id for node_id, status in statuses(failed).items() if status == "succeeded"]
    assert len(finished) == DONE
    stack.models.ledger.clear()
    answer = api.http.post(f"/executions/{failed['id']}/retry", headers={"Idempotency-Key": "again"})
    assert (answer.status_code, answer.json()["retry_of"]) == (202, failed["id"])
    again = api.http.post(f"/executions/{failed['id']}/retry", headers={"Idempotency-Key": "again"})
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (answer.json()["id"], "true")
    ended = api.end(answer.json()["id"])
    assert (ended["status"], ended["error"]["node_id"]) == ("failed", "broken")
    kept = {run["node_id"] for run in ended["nodes"] if run["kept_from"] == failed["id"]}
    assert kept == set(finished)
    before = {run["node_id"]: run["result"] for run in failed["nodes"]}
    assert all(run["result"] == before[run["node_id"]] for run in ended["nodes"] if run["node_id"] in kept)
    assert stack.models.ledger.count("GET /data/slow", "") == 0
    # What finished costs nothing again: no Task stands for it, in the history or in the machine.
    assert {node_id for nodes in called(stack, failed) for node_id in nodes} == {*finished, "broken"}
    assert called(stack, ended) == [["broken"]]
    again = retried_to_its_end(api, api.http.post(f"/executions/{ended['id']}/retry"))
    assert called(stack, again) == [["broken"]]
    assert {run["kept_from"] for run in again["nodes"]} == {failed["id"], None}
    saved = api.http.get(f"/workflows/{workflow_id}").json()["state_machine_version_arn"]
    assert versions_of_the_machine(stack, failed) == [saved]


def test_what_passes_now_runs_to_the_end(api: WorkflowApi, stack: LocalStack) -> None:
    assert stack.models is not None
    url = f"{stack.data_url}/slow"
    document = workflow(
        http_node("first", f"{url}?seconds=0"),
        http_node("second", f"{url}?seconds=8", timeout_seconds=30),
        node("out", "output", value="{{second.status_code}}"),
        connections=connect("first>second", "second>out"),
    )
    workflow_id = api.save(document)
    started = api.start(workflow_id)
    refused = api.http.post(f"/executions/{started['id']}/retry")
    assert (refused.status_code, "is running" in refused.json()["detail"]) == (409, True)
    deadline = time.monotonic() + 20
    while statuses(api.http.get(f"/executions/{started['id']}").json())["first"] != "succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    api.http.post(f"/executions/{started['id']}/cancel")
    retried = api.http.post(f"/workflows/{workflow_id}/executions/{started['id']}/retry").json()
    ended = api.end(retried["id"])
    assert (ended["status"], ended["output"]) == ("succeeded", {"out": 200})
    assert [run["kept_from"] for run in ended["nodes"]] == [started["id"], None, None]
    refused = api.http.post(f"/executions/{ended['id']}/retry")
    assert (refused.status_code, "has succeeded" in refused.json()["detail"]) == (409, True)


def test_a_retry_with_the_draft_keeps_what_did_not_change(api: WorkflowApi, stack: LocalStack) -> None:
    assert stack.models is not None
    document = twenty_nodes(stack)
    workflow_id = api.save(document)
    failed = api.execute(workflow_id)
    assert failed["status"] == "failed"
    mended = {one["id"]: one for one in document["nodes"]}
    mended["broken"]["config"] = {"value": "mended"}
    mended["n14"]["config"]["url"] += "&again=1"
    assert api.http.put(f"/workflows/{workflow_id}", json=document).status_code == 200
    stack.models.ledger.clear()
    answer = api.http.post(f"/executions/{failed['id']}/retry", json={"version": "draft"})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["version"], len(told["kept_nodes"])) == (2, DONE - 1)
    reasons = {one["node_id"]: one["reason"] for one in told["again"]}
    assert reasons["n14"] == reasons["broken"] == "its config changed"
    assert reasons["later0"] == "it comes after 'broken'"
    ended = api.end(told["id"])
    assert ended["status"] == "succeeded"
    kept = {run["node_id"] for run in ended["nodes"] if run["kept_from"] == failed["id"]}
    assert kept == set(told["kept_nodes"])
    assert stack.models.ledger.count("GET /data/slow", "") == 1 + LEFT
    ran = {node_id for nodes in called(stack, ended) for node_id in nodes}
    assert ran == {"n14", "broken", *(f"later{index}" for index in range(LEFT))}
    refused = api.http.post(f"/executions/{failed['id']}/retry", json={"version": "newest"})
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "version")
