"""Express machines, through HTTP: what they come to, who hears of their end, and that they may run twice."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from engine.service.overdue import OVERDUE_SECONDS
from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, http_node, node, workflow
from tests.integration.own_root import own_root
from tests.integration.test_control import started_node, wait_for
from tests.integration.workflow_api import WorkflowApi, results, statuses

EXPRESS = {"mode": "express"}


def test_an_express_workflow_comes_to_what_a_standard_one_does(api: WorkflowApi, stack: LocalStack) -> None:
    def document(**settings: Any) -> dict[str, Any]:
        nodes = [
            node("size", "input", name="size", type="integer"),
            node("check", "conditional", left="{{ inputs.size }}", operator="greater", right=3),
            http_node("large", f"{stack.data_url}/slow?seconds=0.05"),
            http_node("small", f"{stack.data_url}/slow?seconds=0.01"),
            {**node("each", "transform", set={"n": "{{ item }}"}), "for_each": [1, 2, 3]},
            node("out", "output", value="{{ each.output }}"),
        ]
        links = connect(
            "size>check", "check.true>large", "check.false>small", "large>each", "small>each", "each>out"
        )
        return workflow(*nodes, connections=links, settings=settings)

    standard, express = api.save(document()), api.save(document(mode="express"))
    assert api.http.get(f"/workflows/{express}").json()["mode"] == "express"
    for size in (1, 9):
        one, other = (api.execute(workflow_id, {"size": size}) for workflow_id in (standard, express))
        assert (one["mode"], other["mode"], other["status"]) == ("standard", "express", "succeeded")
        assert statuses(one) == statuses(other)
        assert one["output"] == other["output"]
        assert [item["n"] for item in other["output"]["out"]] == [1, 2, 3]
    assert ":express:" in other["execution_arn"]
    plan = api.http.get(f"/workflows/{express}/plan").json()["report"]
    assert plan["mode"]["chosen"] == "express"
    assert (
        plan["cost_per_1000_executions"]["express"]
        < plan["cost_per_1000_executions"]["standard_state_transitions"]
    )


def test_a_failure_is_told_as_by_a_standard_machine(api: WorkflowApi, stack: LocalStack) -> None:
    broken = http_node("broken", f"{stack.data_url}/nowhere")
    ended = api.run(chain(broken, node("after", "transform"), settings=EXPRESS))
    assert (ended["status"], ended["error"]["node_id"]) == ("failed", "broken")
    assert statuses(ended) == {"broken": "failed", "after": "aborted"}
    again = api.http.post(f"/executions/{ended['id']}/retry")
    assert again.status_code == 202
    assert api.end(again.json()["id"])["mode"] == "express"


def test_who_waits_gets_the_end_with_the_start(api: WorkflowApi) -> None:
    quick = api.save(
        workflow(node("a", "transform", set={"x": 1}), settings={**EXPRESS, "timeout_seconds": 20})
    )
    answer = api.http.post(f"/workflows/{quick}/execute?wait=25", json={})
    assert answer.status_code == 200
    ended = answer.json()
    assert (ended["status"], ended["output"], ended["mode"]) == ("succeeded", {"a": {"x": 1}}, "express")
    # One that may outlast the request is started, and then waited for.
    longer = api.save(workflow(node("a", "transform", set={"x": 1}), settings=EXPRESS))
    assert api.http.post(f"/workflows/{longer}/execute?wait=25", json={}).json()["status"] == "succeeded"


def test_a_machine_out_of_time_is_known_to_who_waits_and_found_by_time_else(
    api: WorkflowApi, stack: LocalStack
) -> None:
    slow = http_node("slow", f"{stack.data_url}/slow?seconds=4")
    document = chain(slow, node("after", "transform"), settings={**EXPRESS, "timeout_seconds": 1})
    workflow_id = api.save(document)
    waited = api.http.post(f"/workflows/{workflow_id}/execute?wait=25", json={}).json()
    assert (waited["status"], statuses(waited)) == ("timed_out", {"slow": "aborted", "after": "aborted"})
    started = api.start(workflow_id, bypass_cache=True)
    wait_for(lambda: started_node(api, started["id"], "slow"))
    time.sleep(1.5)
    assert api.http.get(f"/executions/{started['id']}").json()["status"] == "running"
    with own_root(stack, seconds_ahead=OVERDUE_SECONDS + 2) as root:
        root.execution_service.get(started["id"])
    ended = api.end(started["id"])
    assert (ended["status"], statuses(ended)) == ("timed_out", {"slow": "aborted", "after": "aborted"})


def test_a_cancelled_one_ends_at_once_and_its_machine_at_its_next_task(
    api: WorkflowApi, stack: LocalStack
) -> None:
    slow = http_node("slow", f"{stack.data_url}/slow?seconds=2&cancelled=1")
    after = http_node("after", f"{stack.data_url}/slow?seconds=0.01&after=cancel")
    started = api.start(api.save(chain(slow, after, settings=EXPRESS)))
    wait_for(lambda: started_node(api, started["id"], "slow"))
    answer = api.http.post(f"/executions/{started['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "aborted")
    time.sleep(2.5)  # the slow node's function has ended, and its machine with it
    ended = api.end(started["id"])
    assert ended == answer.json()
    assert statuses(ended) == {"slow": "aborted", "after": "aborted"}
    assert results(ended) == {}


def test_a_second_run_of_an_execution_repeats_nothing_that_is_stored(
    api: WorkflowApi, stack: LocalStack
) -> None:
    assert stack.models is not None
    first = http_node("first", f"{stack.data_url}/slow?seconds=0.01")
    slow = http_node("slow", f"{stack.data_url}/slow?seconds=2")
    started = api.start(
        api.save(chain(first, slow, node("out", "output", value="{{first.output}}"), settings=EXPRESS))
    )
    wait_for(lambda: started_node(api, started["id"], "slow"))
    before = api.http.get(f"/executions/{started['id']}/nodes/first").json()
    machines = local_client(stack.endpoint, "stepfunctions")
    version = api.http.get(f"/workflows/{started['workflow_id']}").json()["state_machine_version_arn"]
    task_input = {"execution_id": started["id"], "workflow_id": started["workflow_id"], "version": 1}
    request = {"stateMachineArn": version, "name": started["id"], "input": json.dumps(task_input)}
    machines.start_execution(**request)
    ended = api.end(started["id"])
    assert ended["status"] == "succeeded"
    assert api.http.get(f"/executions/{started['id']}/nodes/first").json() == before
    # And one that comes when all is over is refused by its first Task; the record stays as it is.
    machines.start_execution(**request)
    time.sleep(2.5)
    assert api.http.get(f"/executions/{started['id']}").json() == ended


def test_changing_the_mode_leaves_each_version_its_machine(api: WorkflowApi, stack: LocalStack) -> None:
    document = workflow(node("a", "transform", set={"x": 1}))
    workflow_id = api.save(document)
    answer = api.http.put(f"/workflows/{workflow_id}", json={**document, "settings": EXPRESS})
    assert (answer.status_code, answer.json()["mode"]) == (200, "express")
    for version, mode in (("1", "standard"), ("2", "express")):
        started = api.http.post(f"/workflows/{workflow_id}/execute?version={version}", json={}).json()
        ended = api.end(started["id"])
        assert (ended["status"], ended["mode"]) == ("succeeded", mode)
    machines = local_client(stack.endpoint, "stepfunctions")

    def names() -> set[str]:
        found = machines.list_state_machines()["stateMachines"]
        return {machine["name"] for machine in found if workflow_id in machine["name"]}

    base = f"mini-n8n-local-{workflow_id}"
    assert names() == {base, f"{base}-express"}
    assert api.http.delete(f"/workflows/{workflow_id}").status_code == 204
    assert names() == set()


def test_what_does_not_fit_is_refused_with_node_field_and_cure(http: httpx.Client) -> None:
    document = workflow(
        node("long", "wait", seconds=301), node("a", "http", url="https://example.com"), settings=EXPRESS
    )
    answer = http.post("/workflows/", json=document)
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert (problem["code"], problem["node"], problem["field"]) == ("express_misfit", "long", "config")
    assert "set settings.mode to standard" in problem["message"]
    auto = http.post("/workflows/", json={**document, "settings": {"mode": "auto"}})
    assert (auto.status_code, auto.json()["mode"]) == (201, "standard")
