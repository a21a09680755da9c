"""Access control through HTTP on the local AWS: keys, limits, ownership, audit, secrets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.workflow_api import WorkflowApi

MARK = "marked-s3cret-8b2d"
HELLO = {"name": "Hello", "nodes": [{"id": "a", "type": "output", "config": {"value": "hello"}}]}

Make = Callable[..., httpx.Client]


@pytest.fixture
def make_client(stack: LocalStack, http: httpx.Client) -> Iterator[Make]:
    """Clients of new keys."""
    made: list[httpx.Client] = []

    def make(user: str, role: str = "editor", limits: Any = None, **more: Any) -> httpx.Client:
        body = {"name": user, "user": user, "role": role, "limits": limits or {"requests_per_minute": None}}
        answer = http.post("/api-keys", json=body | more)
        assert answer.status_code == 201, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['key']}"}
        made.append(httpx.Client(base_url=f"{stack.api_url}/api/v1", headers=headers, timeout=30))
        return made[-1]

    yield make
    for client in made:
        client.close()


def test_a_key_signs_in_until_it_is_revoked(make_client: Make, http: httpx.Client) -> None:
    ann = make_client("ann", "viewer")
    me = ann.get("/me").json()
    assert (me["user"], me["role"]) == ("ann", "viewer")
    assert ann.post("/workflows/", json=HELLO).status_code == 403
    key_id = me["subject"].removeprefix("key:")
    assert http.get(f"/api-keys/{key_id}").json()["last_used_at"] is not None
    assert http.delete(f"/api-keys/{key_id}").status_code == 204
    deadline = time.monotonic() + 15  # other environments of the function trust the key for ten seconds
    while ann.get("/me").status_code != 401:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_limit_of_requests_is_exact_over_all_environments_of_the_function(make_client: Make) -> None:
    limits = {"requests_per_minute": 20}
    ann = make_client("ann", limits=limits)
    while time.time() % 60 > 45:  # the window is the clock's minute
        time.sleep(0.5)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ann.get("/me"), range(40)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (20, 20)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["content-type"] == "application/problem+json"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"requests";q=20;w=60'


def test_places_of_executions_are_given_back_when_their_ends_are_heard_of(
    make_client: Make, stack: LocalStack
) -> None:
    limits = {"requests_per_minute": None, "concurrent_executions": 2}
    ann = make_client("ann", limits=limits)
    slow = {
        "name": "Slow",
        "nodes": [{"id": "a", "type": "http", "config": {"url": f"{stack.data_url}/slow?seconds=2"}}],
    }
    workflow_id = WorkflowApi(ann).save(slow)
    path = f"/workflows/{workflow_id}/execute"
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: ann.post(path, json={}), range(6)))
    assert sorted(answer.status_code for answer in answers) == [202, 202, 429, 429, 429, 429]
    for answer in answers:
        if answer.status_code == 202:
            assert WorkflowApi(ann).end(answer.json()["id"])["status"] == "succeeded"
    assert ann.post(path, json={}).status_code == 202


def test_anothers_things_are_not_found_and_lists_leave_them_out(make_client: Make) -> None:
    ann, bob, carl = make_client("ann"), make_client("bob"), make_client("carl", groups=["ops-1"])
    workflow_id = WorkflowApi(ann).save(HELLO)
    execution_id = WorkflowApi(ann).execute(workflow_id)["id"]
    paths = (f"/workflows/{workflow_id}", f"/executions/{execution_id}", f"/workflows/{workflow_id}/versions")
    assert [bob.get(path).status_code for path in paths] == [404, 404, 404]
    assert bob.post(f"/workflows/{workflow_id}/execute", json={}).status_code == 404

    def listed(client: httpx.Client) -> list[bool]:
        pages = [client.get(path, params={"limit": 100}).json() for path in ("/workflows/", "/executions")]
        return [
            any(item["id"] == wanted for item in page["items"])
            for page, wanted in zip(pages, (workflow_id, execution_id), strict=True)
        ]

    assert [listed(client) for client in (ann, bob, carl)] == [[True] * 2, [False] * 2, [False] * 2]
    root = make_client("root", "admin")
    root.put(f"/workflows/{workflow_id}/access", json={"groups": ["ops-1"]})
    time.sleep(5.1)  # what was read of an ownership is trusted for five seconds
    assert [carl.get(path).status_code for path in paths] == [200, 200, 200]
    assert listed(carl) == [True, True]
    assert bob.get(paths[0]).status_code == 404


def test_a_credential_serves_its_owner_is_on_record_and_shows_nowhere(
    make_client: Make, http: httpx.Client, stack: LocalStack
) -> None:
    ann, bob = make_client("ann"), make_client("bob")
    stored = {"kind": "bearer", "values": {"token": MARK}}
    assert ann.put("/credentials/anns-8b2d", json=stored).status_code == 201
    assert bob.put("/credentials/anns-8b2d", json=stored).status_code == 404
    config = {"url": f"{stack.data_url}/status/404", "credential": "anns-8b2d"}
    document = {"name": "Calls", "nodes": [{"id": "call", "type": "http", "config": config}]}
    anns, bobs = WorkflowApi(ann).run(document), WorkflowApi(bob).run(document)
    assert "answered 404" in anns["error"]["message"]
    assert "there is no credential 'anns-8b2d' for this workflow" in bobs["error"]["message"]
    used = http.get("/audit", params={"target": "credential:anns-8b2d"}).json()["items"]
    assert [(record["action"], record["actor"].split(":")[0]) for record in used] == [
        ("credential.use", "execution"),
        ("credential.put", "key"),
    ]
    assert used[0]["actor"] == f"execution:{anns['id']}"
    _assert_unseen(stack, [str(anns), str(bobs), str(used), ann.get("/credentials").text])


def _assert_unseen(stack: LocalStack, answers: list[str]) -> None:
    """No table, bucket, definition, history or log holds the marked secret."""
    clients = {
        name: local_client(stack.endpoint, name) for name in ("dynamodb", "s3", "stepfunctions", "logs")
    }
    places = list(answers)
    for name, value in stack.deployment.outputs.items():
        if name.endswith("TableName"):
            pages = clients["dynamodb"].get_paginator("scan").paginate(TableName=value)
            places += [str(page["Items"]) for page in pages]
    bucket = stack.deployment.outputs["ArtifactsBucketName"]
    for item in clients["s3"].list_objects_v2(Bucket=bucket).get("Contents", []):
        places.append(str(clients["s3"].get_object(Bucket=bucket, Key=item["Key"])["Body"].read()))
    machines = clients["stepfunctions"].list_state_machines()["stateMachines"]
    for machine in machines:
        arn = machine["stateMachineArn"]
        places.append(clients["stepfunctions"].describe_state_machine(stateMachineArn=arn)["definition"])
        for execution in clients["stepfunctions"].list_executions(stateMachineArn=arn)["executions"]:
            history = clients["stepfunctions"].get_execution_history(executionArn=execution["executionArn"])
            places.append(str(history["events"]))
    for group in clients["logs"].describe_log_groups()["logGroups"]:
        events = clients["logs"].filter_log_events(logGroupName=group["logGroupName"])["events"]
        places += [event["message"] for event in events]
    assert len(places) > len(answers) + 10
    assert [place[:200] for place in places if MARK in place] == []
