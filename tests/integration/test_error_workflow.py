"""An execution that fails or times out starts its error workflow, once, and none of its own failure."""

from __future__ import annotations

import json
import time
from typing import Any

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, http_node, node, workflow
from tests.integration.workflow_api import WorkflowApi


def handler(api: WorkflowApi, *more: dict[str, Any]) -> str:
    return api.save(
        workflow(
            node("failure", "input", name="failure", type="object"),
            node("error", "input", name="error", type="object"),
            node("said", "output", value="{{ failure.output.error.message }}"),
            node("whose", "output", value="{{ failure.output.execution.id }}"),
            node("same", "output", value="{{ error.output.message == failure.output.error.message }}"),
            *more,
            connections=connect("failure>said", "failure>whose", "failure>same", "error>same"),
            name="Handler",
        )
    )


def broken(stack: LocalStack, handler_id: str) -> dict[str, Any]:
    get = http_node("get", f"{stack.data_url}/no-such-thing")
    return chain(get, name="Broken", settings={"error_workflow": handler_id})


def handled(api: WorkflowApi, execution_id: str, seconds: float = 60) -> list[dict[str, Any]]:
    """The executions that handle a failure, once there are any."""
    deadline = time.monotonic() + seconds
    while True:
        answer = api.http.get(f"/executions/{execution_id}/children")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        if items or time.monotonic() > deadline:
            return items
        time.sleep(0.2)


def test_a_failure_is_handled_once_however_often_it_is_told(api: WorkflowApi, stack: LocalStack) -> None:
    handler_id = handler(api)
    failed = api.run(broken(stack, handler_id))
    assert failed["status"] == "failed"
    [link] = handled(api, failed["id"])
    assert (link["workflow_id"], link["node_id"]) == (handler_id, None)
    execution = api.end(link["execution_id"])
    assert execution["status"] == "succeeded", execution
    assert execution["trigger"] == "error"
    assert execution["parent"]["execution_id"] == failed["id"]
    assert execution["output"] == {"said": failed["error"]["message"], "whose": failed["id"], "same": True}
    tell_again(stack, failed)
    assert len(handled(api, failed["id"])) == 1
    listed = api.http.get(f"/workflows/{handler_id}/executions").json()["items"]
    assert [item["id"] for item in listed] == [execution["id"]]


def tell_again(stack: LocalStack, execution: dict[str, Any]) -> None:
    """Deliver the event of an execution's end once more."""
    detail = {"name": execution["id"], "status": "FAILED", "startDate": 0, "stopDate": 1}
    answer = local_client(stack.endpoint, "lambda").invoke(
        FunctionName="mini-n8n-local-execution-events", Payload=json.dumps({"detail": detail}).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_a_timeout_is_handled_and_a_cancellation_is_not(api: WorkflowApi) -> None:
    settings = {"error_workflow": handler(api), "timeout_seconds": 2}
    pause = node("pause", "wait", until="{{ inputs.when }}")
    late = chain(node("when", "input", name="when"), pause, settings=settings)
    workflow_id = api.save(late)
    timed_out = api.execute(workflow_id, {"when": "2027-11-01T00:00:00Z"})
    assert timed_out["status"] == "timed_out"
    [link] = handled(api, timed_out["id"])
    assert "settings.timeout_seconds" in api.end(link["execution_id"])["output"]["said"]
    settings["timeout_seconds"] = 600
    started = api.start(api.save(late | {"settings": settings}), {"when": "2027-11-01T00:00:00Z"})
    api.http.post(f"/executions/{started['id']}/cancel")
    assert api.end(started["id"])["status"] == "aborted"
    assert handled(api, started["id"], seconds=2) == []


def test_the_failure_of_a_handler_is_not_handled_nor_what_it_starts(
    api: WorkflowApi, stack: LocalStack
) -> None:
    last = handler(api)
    fails = http_node("get", f"{stack.data_url}/no-such-thing")
    handler_id = handler(api, fails)
    document = api.http.get(f"/workflows/{handler_id}").json()["workflow"]
    document["settings"] = {"error_workflow": last}
    assert api.http.put(f"/workflows/{handler_id}", json=document).status_code == 200
    failed = api.run(broken(stack, handler_id))
    [link] = handled(api, failed["id"])
    assert api.end(link["execution_id"])["status"] == "failed"
    assert handled(api, link["execution_id"], seconds=2) == []


def test_an_error_workflow_that_cannot_take_the_failure_is_refused(
    api: WorkflowApi, stack: LocalStack
) -> None:
    other = api.save(chain(node("x", "input", name="x", required=True), name="Other"))
    own = api.save(chain(node("a", "transform", value=1)))
    for handler_id, code in ((other, "bad_inputs"), ("wf_nowhere", "unknown_workflow")):
        answer = api.http.post("/workflows/", json=broken(stack, handler_id))
        assert answer.status_code == 422, answer.text
        [problem] = answer.json()["problems"]
        assert (problem["code"], problem["field"]) == (code, "settings.error_workflow")
    answer = api.http.put(f"/workflows/{own}", json=broken(stack, own))
    assert answer.json()["problems"][0]["code"] == "workflow_cycle"
