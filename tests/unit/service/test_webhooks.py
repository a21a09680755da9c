"""Webhooks over the engine in memory: every request is answered, and a success means that something ran."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import UnavailableError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject
from engine.webhook import WebhookAnswer, WebhookRequest
from tests.unit.engine_bench import PUBLIC_URL, EngineBench, connect, node

BODY = node("body", "input", name="body", type="object", required=True)
REPLY = node("reply", "respond", status=201, headers={"X-A": "{{body.output.a}}"}, body="{{body.output}}")


@pytest.fixture
def workflow(bench: EngineBench) -> str:
    document = {"name": "Hook", "nodes": [BODY, REPLY], "connections": connect("body>reply")}
    return bench.save_live(document)


def hook(bench: EngineBench, workflow: str, **settings: Any) -> tuple[str, str]:
    trigger = bench.trigger_service.create(workflow, {"type": "webhook", "path": "orders", **settings})
    return trigger.workflow_id, trigger.trigger_id


def post(bench: EngineBench, body: JsonObject | bytes = b"", **request: Any) -> WebhookAnswer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json"} | request.pop("headers", {})
    return bench.webhook_service.answer(
        WebhookRequest(**{"method": "POST", "path": "orders", "headers": headers, "body": data, **request})
    )


def told(answer: WebhookAnswer, member: str) -> Any:
    assert answer.problem is not None
    return answer.problem[member]


def outcome(bench: EngineBench, trigger: tuple[str, str]) -> tuple[str, str | None] | None:
    fire = bench.trigger_service.get(*trigger).last_fire
    return (fire.outcome, fire.message) if fire else None


def run_all(bench: EngineBench, seconds: float) -> None:
    """While the webhook waits, the nodes run."""
    bench.clock.advance(seconds)
    for execution_id in list(bench.executions._executions):
        execution = bench.execution(execution_id)
        if not execution.status.ended:
            for node_id in ("body", "reply"):
                bench.run(execution_id, node_id)


def test_at_once_means_before_anything_ran(bench: EngineBench, workflow: str) -> None:
    trigger = hook(bench, workflow)
    answer = post(bench, {"a": "1"})
    execution_id = json.loads(answer.body)["execution_id"]
    assert (answer.status, answer.headers["x-execution-id"]) == (202, execution_id)
    assert bench.execution(execution_id).inputs == {"body": {"a": "1"}}
    assert outcome(bench, trigger) == ("started", None)


def test_a_respond_node_answers_before_the_execution_ends(
    bench: EngineBench, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(bench, workflow, response="respond")
    monkeypatch.setattr(bench.clock, "sleep", lambda seconds: run_all(bench, seconds))
    answer = post(bench, {"a": "1"})
    assert (answer.status, answer.body, answer.headers["x-a"]) == (201, b'{"a":"1"}', "1")
    assert answer.headers["content-type"] == "application/json"
    assert bench.execution(answer.headers["x-execution-id"]).status is ExecutionStatus.RUNNING


def test_a_respond_node_that_never_runs_is_no_success(
    bench: EngineBench, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(bench, workflow, response="respond")
    late = post(bench, {"a": "1"})
    assert (late.status, late.headers["x-execution-id"]) == (504, told(late, "execution_id"))

    def fail(seconds: float) -> None:
        for name in list(bench.executions._executions):
            bench.executions.finish(name, ExecutionStatus.FAILED, bench.clock.now())

    monkeypatch.setattr(bench.clock, "sleep", fail)
    answer = post(bench, {"a": "1"})
    assert (answer.status, told(answer, "type")) == (500, "urn:mini-n8n:problem:execution-failed")


def test_a_workflow_without_a_respond_node_is_not_started_for_its_answer(bench: EngineBench) -> None:
    workflow = bench.save_live({"name": "Hook", "nodes": [BODY], "connections": []})
    trigger = hook(bench, workflow, response="respond")
    answer = post(bench, {"a": "1"})
    assert (answer.status, "no respond node" in told(answer, "detail")) == (409, True)
    assert outcome(bench, trigger) == ("refused", told(answer, "detail"))
    assert bench.executions._executions == {}


@pytest.mark.parametrize(
    ("status", "answered"),
    [(ExecutionStatus.SUCCEEDED, 200), (ExecutionStatus.FAILED, 500), (ExecutionStatus.TIMED_OUT, 500)],
)
def test_at_the_end_the_output_is_the_answer(
    bench: EngineBench, workflow: str, monkeypatch: pytest.MonkeyPatch, status: ExecutionStatus, answered: int
) -> None:
    def end(seconds: float) -> None:
        for name in list(bench.executions._executions):
            bench.executions.finish(name, status, bench.clock.now(), output={"post": "ü"})

    hook(bench, workflow, response="finished")
    monkeypatch.setattr(bench.clock, "sleep", end)
    answer = post(bench, {"a": "1"})
    assert answer.status == answered
    assert (answer.body == b'{"post":"\\u00fc"}') is (answered == 200)


def test_an_execution_that_takes_longer_goes_on(bench: EngineBench, workflow: str) -> None:
    hook(bench, workflow, response="finished")
    assert post(bench, {"a": "1"}).status == 202


def test_a_workflow_without_a_live_version_says_so_and_its_draft_can_be_tried(
    bench: EngineBench, workflow: str
) -> None:
    bench.version_service.unpublish(workflow, None)
    trigger = hook(bench, workflow)
    answer = post(bench, {"a": "1"})
    detail = told(answer, "detail")
    assert (answer.status, "has no live version" in detail) == (409, True)
    assert outcome(bench, trigger) == ("refused", detail)
    assert bench.executions._executions == {}
    assert post(bench, {"a": "1"}, test=True).status == 202


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"path": "other"}, 404),
        ({"path": "orders/"}, 404),
        ({"path": ""}, 404),
        ({"method": "GET"}, 405),
        ({"body": b"{"}, 400),
        ({"body": b"[1]"}, 422),
        ({"body": b""}, 422),
    ],
)
def test_what_starts_nothing_is_no_success(
    bench: EngineBench, workflow: str, request_: dict[str, Any], status: int
) -> None:
    hook(bench, workflow)
    answer = post(bench, **{"body": {"a": "1"}, **request_})
    assert (answer.status, told(answer, "status")) == (status, status)
    assert bench.metrics.total("WebhooksRefused", status=str(status)) == 1
    assert bench.executions._executions == {}


def test_what_cannot_start_is_to_be_sent_again(
    bench: EngineBench, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*arguments: Any) -> str:
        raise UnavailableError("no answer")

    trigger = hook(bench, workflow)
    monkeypatch.setattr(bench.machines, "start", away)
    answer = post(bench, {"a": "1"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert (outcome(bench, trigger) or ("",))[0] == "failed"
    assert bench.metrics.total("TriggerFailures") == 1


def test_a_secret_that_is_not_stored_any_more_lets_nobody_in(bench: EngineBench, workflow: str) -> None:
    bench.store_credential("door", "header", name="X-Door", value="open")
    trigger = hook(bench, workflow, auth={"type": "header", "credential": "door"})
    assert post(bench, {"a": "1"}).status == 401
    assert post(bench, {"a": "1"}, headers={"x-door": "shut"}).status == 401
    assert outcome(bench, trigger) is None
    assert post(bench, {"a": "1"}, headers={"x-door": "open"}).status == 202
    bench.credentials.delete("door")
    assert post(bench, {"a": "1"}, headers={"x-door": "open"}).status == 503


def test_no_secret_of_the_request_reaches_the_execution(bench: EngineBench, workflow: str) -> None:
    bench.store_credential("door", "header", name="X-Door", value="secret-1")
    auth = {"type": "header", "credential": "door"}
    mapping = {"body": {"headers": "{{ event.headers }}"}}
    hook(bench, workflow, auth=auth, inputs=mapping)
    private = {
        "authorization": "secret-2",
        "cookie": "secret-3",
        "x-door": "secret-1",
        "x-api-key": "secret-4",
    }
    answer = post(bench, {"a": "1"}, headers=private | {"x-kept": "kept"})
    inputs = bench.execution(answer.headers["x-execution-id"]).inputs
    assert inputs == {"body": {"headers": {"content-type": "application/json", "x-kept": "kept"}}}


def test_a_body_that_is_no_text_is_stored_as_a_file(bench: EngineBench, workflow: str) -> None:
    hook(bench, workflow, inputs={"body": "{{ event.files[0] }}"})
    answer = post(bench, b"%PDF", headers={"content-type": "application/pdf"})
    execution_id = answer.headers["x-execution-id"]
    file = bench.execution(execution_id).inputs["body"]
    assert file["url"] == f"{PUBLIC_URL}/{file['key']}"
    assert file["key"].startswith(f"files/{execution_id}/")
    assert bench.blobs.get(file["key"]) == b"%PDF"
    assert bench.blobs.info(file["key"]).content_type == "application/pdf"


def test_files_of_a_request_that_started_nothing_are_marked_to_go(bench: EngineBench, workflow: str) -> None:
    hook(bench, workflow, inputs={"body": "{{ event.not_there }}"})
    answer = post(bench, b"%PDF", headers={"content-type": "application/pdf"})
    assert answer.status == 422
    (key,) = bench.blobs.list_keys()
    execution_id = key.split("/")[1]
    assert bench.executions.was_removed(execution_id) is True
    bench.remover.clear(execution_id)
    assert bench.blobs.list_keys() == ()
