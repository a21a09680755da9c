from __future__ import annotations

import hashlib
import hmac
import threading
from typing import Any

import httpx
import pytest

from infra.local.stack import LocalStack
from tests.integration.trigger_api import ECHO, dump, executions_of, make_trigger, read_trigger, save_live
from tests.integration.workflow_api import WorkflowApi

RESPOND: dict[str, Any] = {
    "name": "Respond",
    "nodes": [
        {"id": "body", "type": "input", "config": {"name": "body", "type": "object", "required": True}},
        {
            "id": "reply",
            "type": "respond",
            "config": {
                "status": 201,
                "headers": {"X-Order": "{{body.output.id}}"},
                "body": {"order": "{{body.output.id}}"},
            },
        },
        {"id": "done", "type": "output", "config": {"value": "{{reply.output}}"}},
    ],
    "connections": [{"source": "body", "target": "reply"}, {"source": "reply", "target": "done"}],
}


def call(stack: LocalStack, path: str, method: str = "POST", **more: Any) -> httpx.Response:
    return httpx.request(method, f"{stack.api_url}{path}", timeout=40, **more)


def test_a_request_starts_an_execution_with_what_it_carried(stack: LocalStack, api: WorkflowApi) -> None:
    trigger = make_trigger(api, save_live(api), type="webhook", path="orders/new", methods=["POST", "GET"])
    assert trigger["url"] == f"{stack.api_url}/webhooks/orders/new"
    answer = call(stack, "/webhooks/orders/new?a=1&a=2&b=", json={"id": 7}, headers={"X-API-Key": "mine"})
    assert answer.status_code == 202, answer.text
    execution = api.end(answer.json()["execution_id"])
    assert (execution["status"], execution["trigger"]) == ("succeeded", f"webhook:{trigger['id']}")
    event = execution["output"]["echo"]
    assert {name: event[name] for name in ("method", "path", "query", "body", "files")} == {
        "method": "POST",
        "path": "orders/new",
        "query": {"a": ["1", "2"], "b": ""},
        "body": {"id": 7},
        "files": [],
    }
    assert event["headers"]["content-type"] == "application/json"
    assert "x-api-key" not in event["headers"]
    fire = read_trigger(api, trigger)["last_fire"]
    assert (fire["outcome"], fire["execution_id"]) == ("started", execution["id"])
    assert fire["execution_status"] == "succeeded"


def test_files_of_a_form_are_stored_and_served(stack: LocalStack, api: WorkflowApi) -> None:
    workflow = save_live(api)
    make_trigger(api, workflow, type="webhook", path="upload", response="finished")
    content = bytes(range(256)) * 40 + b"\r\n--\r\n"
    answer = call(
        stack, "/webhooks/upload", data={"note": "two"}, files={"scan": ("a b.bin", content, "image/png")}
    )
    assert answer.status_code == 200, answer.text
    event = answer.json()["echo"]
    assert event["body"] == {"note": "two"}
    (file,) = event["files"]
    described = (file["field"], file["name"], file["content_type"], file["size_bytes"])
    assert described == ("scan", "a b.bin", "image/png", len(content))
    assert httpx.get(file["url"], follow_redirects=True).content == content


def test_a_respond_node_answers_while_the_rest_goes_on(stack: LocalStack, api: WorkflowApi) -> None:
    make_trigger(api, save_live(api, RESPOND), type="webhook", path="respond", response="respond")
    answer = call(stack, "/webhooks/respond", json={"id": "A7"})
    assert (answer.status_code, answer.json()) == (201, {"order": "A7"}), answer.text
    assert answer.headers["x-order"] == "A7"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert api.end(answer.headers["x-execution-id"])["status"] == "succeeded"


@pytest.mark.parametrize("response", ["immediate", "finished", "respond"])
def test_a_path_that_is_unknown_starts_nothing(stack: LocalStack, response: str) -> None:
    for root in ("/webhooks", "/webhooks-test"):
        answer = call(stack, f"{root}/nobody/{response}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:mini-n8n:problem:not-found")


def test_methods_inputs_and_pauses_are_kept(stack: LocalStack, api: WorkflowApi) -> None:
    trigger = make_trigger(api, save_live(api, RESPOND), type="webhook", path="kept")
    wrong = call(stack, "/webhooks/kept", "GET")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    misfit = call(stack, "/webhooks/kept", json=[1])
    assert (misfit.status_code, misfit.json()["problems"][0]["field"]) == (422, "inputs.body")
    assert read_trigger(api, trigger)["last_fire"]["outcome"] == "refused"
    broken = call(stack, "/webhooks/kept", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    path = f"/workflows/{trigger['workflow_id']}/triggers/{trigger['id']}"
    assert api.http.post(f"{path}/disable").json()["enabled"] is False
    assert call(stack, "/webhooks/kept", json={"id": 1}).status_code == 404
    assert call(stack, "/webhooks-test/kept", json={"id": 1}).status_code == 202
    assert read_trigger(api, trigger)["last_fire"]["test"] is True
    assert api.http.post(f"{path}/enable").json()["enabled"] is True
    assert call(stack, "/webhooks/kept", json={"id": 1}).status_code == 202
    assert len(executions_of(api, trigger["workflow_id"])) == 2


def test_a_path_belongs_to_one_trigger(api: WorkflowApi) -> None:
    first, second = save_live(api), save_live(api)
    trigger = make_trigger(api, first, type="webhook", path="mine")
    asked = {"type": "webhook", "path": "mine"}
    for workflow in (first, second):
        answer = api.http.post(f"/workflows/{workflow}/triggers", json=asked)
        assert (answer.status_code, "is taken" in answer.text) == (409, True)
    assert api.http.delete(f"/workflows/{first}/triggers/{trigger['id']}").status_code == 204
    assert api.http.post(f"/workflows/{second}/triggers", json=asked).status_code == 201


def test_only_who_signs_starts_anything(stack: LocalStack, api: WorkflowApi) -> None:
    credential = {"kind": "hmac", "values": {"secret": "open-sesame-4711"}}
    assert api.http.put("/credentials/github-hook", json=credential).status_code in (200, 201)
    workflow = save_live(api)
    auth = {"type": "github", "credential": "github-hook"}
    trigger = make_trigger(api, workflow, type="webhook", path="signed", auth=auth, response="finished")
    body = dump({"ref": "main"})
    mac = hmac.new(b"open-sesame-4711", body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mac}"}
    assert call(stack, "/webhooks/signed", content=body + b" ", headers=headers).status_code == 401
    assert call(stack, "/webhooks/signed", content=body).status_code == 401
    assert read_trigger(api, trigger)["last_fire"] is None
    answer = call(stack, "/webhooks/signed", content=body, headers=headers)
    assert (answer.status_code, answer.json()["echo"]["body"]) == (200, {"ref": "main"})
    assert mac not in answer.text
    assert "open-sesame-4711" not in api.http.get(f"/workflows/{workflow}/triggers").text


def test_requests_at_once_each_start_one_execution(stack: LocalStack, api: WorkflowApi) -> None:
    workflow = save_live(api)
    make_trigger(api, workflow, type="webhook", path="many")
    started: list[str] = []

    def send(number: int) -> None:
        started.append(call(stack, "/webhooks/many", json={"n": number}).json()["execution_id"])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(api.end(name)["output"]["echo"]["body"]["n"] for name in started)
    assert numbers == list(range(8))


def test_a_workflow_without_a_live_version_says_so_until_one_is_published(
    stack: LocalStack, api: WorkflowApi
) -> None:
    workflow = api.save(ECHO)
    trigger = make_trigger(api, workflow, type="webhook", path="unpublished", response="finished")
    answer = call(stack, "/webhooks/unpublished", json={})
    assert (answer.status_code, "no live version" in answer.json()["detail"]) == (409, True)
    assert read_trigger(api, trigger)["last_fire"]["outcome"] == "refused"
    assert call(stack, "/webhooks-test/unpublished", json={}).status_code == 200
    assert api.http.post(f"/workflows/{workflow}/publish").status_code == 200
    draft = ECHO | {"nodes": [*ECHO["nodes"], {"id": "more", "type": "output", "config": {"value": "draft"}}]}
    assert api.http.put(f"/workflows/{workflow}", json=draft).status_code == 200
    assert set(call(stack, "/webhooks/unpublished", json={}).json()) == {"echo"}
    assert set(call(stack, "/webhooks-test/unpublished", json={}).json()) == {"echo", "more"}
