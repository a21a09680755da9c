"""One workflow runs another, over HTTP: results, failures, versions, cycles, and who stops whom."""

from __future__ import annotations

import time
from typing import Any

import httpx

from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, http_node, node, workflow
from tests.integration.workflow_api import WorkflowApi, results, statuses


def greeter(api: WorkflowApi) -> str:
    return api.save(
        workflow(
            node("who", "input", name="who", required=True),
            node("times", "input", name="times", type="integer", default=1),
            node("line", "transform", value="Hello, {{who.output}}!"),
            node("greeting", "output", value="{{line.output}}"),
            connections=connect("who>line", "times>line", "line>greeting"),
            name="Greeter",
        )
    )


def caller(workflow_id: str, **more: Any) -> dict[str, Any]:
    call = {"workflow_id": workflow_id, "version": "draft", "inputs": {"who": "{{ name.output }}"}} | more
    return chain(
        node("name", "input", name="name", default="you"),
        node("call", "workflow", **call),
        node("end", "output", value="{{ call.output.greeting }}"),
    )


def children(api: WorkflowApi, execution_id: str) -> list[dict[str, Any]]:
    answer = api.http.get(f"/executions/{execution_id}/children")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def problems(api: WorkflowApi, document: dict[str, Any], workflow_id: str | None = None) -> list[Any]:
    answer = (
        api.http.put(f"/workflows/{workflow_id}", json=document)
        if workflow_id
        else api.http.post("/workflows/", json=document)
    )
    assert answer.status_code == 422, answer.text
    return [(item["code"], item["node"], item["field"]) for item in answer.json()["problems"]]


def running_child(api: WorkflowApi, execution_id: str) -> dict[str, Any]:
    """The child, once there is one."""
    deadline = time.monotonic() + 60
    while not (found := children(api, execution_id)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    child: dict[str, Any] = api.http.get(f"/executions/{found[0]['execution_id']}").json()
    return child


def test_a_node_takes_the_output_of_another_workflow(api: WorkflowApi) -> None:
    child_id = greeter(api)
    execution = api.run(caller(child_id), {"name": "Ada"})
    assert execution["status"] == "succeeded", execution
    assert execution["output"] == {"end": "Hello, Ada!"}
    result = results(execution)["call"]
    assert (result["workflow_id"], result["version"]) == (child_id, 1)
    [link] = children(api, execution["id"])
    assert link == {
        "execution_id": result["execution_id"],
        "workflow_id": child_id,
        "node_id": "call",
        "item": None,
    }
    child = api.http.get(f"/executions/{result['execution_id']}").json()
    assert child["trigger"] == "workflow"
    assert (child["parent"]["execution_id"], child["parent"]["node_id"]) == (execution["id"], "call")


def test_for_each_item_a_child_of_its_own(api: WorkflowApi) -> None:
    call = node("call", "workflow", workflow_id=greeter(api), version=1, inputs={"who": "{{ item }}"})
    execution = api.run(workflow(call | {"for_each": ["Ada", "Alan", "Grace"]}))
    assert execution["status"] == "succeeded", execution
    found = [item["greeting"] for item in results(execution)["call"]["output"]]
    assert found == ["Hello, Ada!", "Hello, Alan!", "Hello, Grace!"]
    assert sorted(link["item"] for link in children(api, execution["id"])) == [0, 1, 2]


def test_a_child_that_fails_fails_its_node_and_is_named(api: WorkflowApi, stack: LocalStack) -> None:
    child_id = api.save(chain(http_node("get", f"{stack.data_url}/no-such-thing"), name="Broken"))
    stops = api.run(caller(child_id, inputs={}))
    assert stops["status"] == "failed"
    [link] = children(api, stops["id"])
    assert f"execution '{link['execution_id']}' of workflow 'Broken' failed" in stops["error"]["message"]
    goes_on = caller(child_id, inputs={})
    goes_on["nodes"][1]["on_error"] = "output"
    goes_on["connections"][1]["source_output"] = "error"
    goes_on["nodes"][2]["config"]["value"] = "{{ call.error.message }}"
    execution = api.run(goes_on)
    assert execution["status"] == "succeeded", execution
    assert "of workflow 'Broken' failed" in execution["output"]["end"]


def test_a_cancelled_parent_stops_its_child(api: WorkflowApi) -> None:
    child_id = api.save(chain(node("pause", "wait", seconds=3_000), name="Sleeper"))
    started = api.start(api.save(caller(child_id, inputs={})))
    child = running_child(api, started["id"])
    assert child["status"] == "running"
    assert api.http.post(f"/executions/{started['id']}/cancel").status_code == 200
    ended = api.end(child["id"])
    assert (ended["status"], ended["error"]["type"]) == ("aborted", "ParentEnded")
    assert statuses(api.end(started["id"]))["call"] == "aborted"


def test_a_stopped_child_fails_its_node(api: WorkflowApi) -> None:
    child_id = api.save(chain(node("pause", "wait", seconds=3_000), name="Sleeper"))
    started = api.start(api.save(caller(child_id, inputs={})))
    child = running_child(api, started["id"])
    assert api.http.post(f"/executions/{child['id']}/cancel").status_code == 200
    ended = api.end(started["id"])
    assert ended["status"] == "failed"
    assert f"execution '{child['id']}' of workflow 'Sleeper' aborted" in ended["error"]["message"]


def test_what_cannot_be_run_is_told_when_one_saves(api: WorkflowApi) -> None:
    child_id = greeter(api)
    where = ("call", "config.workflow_id")
    assert problems(api, caller("wf_nowhere")) == [("unknown_workflow", *where)]
    assert problems(api, caller(child_id, version="live")) == [("no_live_version", "call", "config.version")]
    assert problems(api, caller(child_id, version=7)) == [("unknown_version", "call", "config.version")]
    assert problems(api, caller(child_id, inputs={"who": "x", "times": "often", "whom": "y"})) == [
        ("bad_inputs", "call", "config.inputs"),
        ("bad_inputs", "call", "config.inputs"),
    ]
    assert problems(api, caller(child_id, inputs={})) == [("bad_inputs", "call", "config.inputs")]
    report = api.http.post("/workflows/validate", json=caller("wf_nowhere")).json()
    assert [item["code"] for item in report["problems"]] == ["unknown_workflow"]


def test_a_cycle_is_refused_when_one_saves(api: WorkflowApi) -> None:
    first = greeter(api)
    second = api.save(caller(first))
    third = api.save(caller(second, inputs={}))
    where = ("call", "config.workflow_id")
    assert problems(api, caller(third, inputs={}), first) == [("workflow_cycle", *where)]
    assert problems(api, caller(first, inputs={}), first)[0] == ("workflow_cycle", *where)


def test_a_workflow_of_somebody_else_is_none(api: WorkflowApi, stack: LocalStack) -> None:
    made = api.http.post("/api-keys", json={"name": "another", "role": "editor", "user": "mallory"})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    with httpx.Client(base_url=f"{stack.api_url}/api/v1", headers=headers, timeout=30) as client:
        assert problems(WorkflowApi(client), caller(greeter(api))) == [
            ("unknown_workflow", "call", "config.workflow_id")
        ]
