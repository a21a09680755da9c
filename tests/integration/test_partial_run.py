"""Parts of a workflow, pinned results: real executions with nothing in them but what was asked for."""

from __future__ import annotations

from typing import Any

from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, http_node, node, workflow
from tests.integration.test_shared_task import called
from tests.integration.workflow_api import WorkflowApi, results, statuses


def four(stack: LocalStack, **second: Any) -> dict[str, Any]:
    """who > first > second > third > out, and beside them a chain of ten."""
    url = f"{stack.data_url}/slow?seconds=0"
    beside = [http_node(f"n{index}", url) for index in range(10)]
    pairs = ["who>first", "first>second", "second>third", "third>out"]
    pairs += [f"n{index}>n{index + 1}" for index in range(9)]
    return workflow(
        node("who", "input", name="who", required=True),
        http_node("first", f"{url}&who={{{{who.output}}}}"),
        node("second", "transform", value="{{first.status_code}} for {{who.output}}") | second,
        http_node("third", f"{url}&second={{{{second.output}}}}"),
        node("out", "output", value="{{second.output}}: {{third.status_code}}"),
        *beside,
        connections=connect(*pairs),
    )


def run_node(api: WorkflowApi, workflow_id: str, node_id: str, **body: Any) -> dict[str, Any]:
    answer = api.http.post(f"/workflows/{workflow_id}/nodes/{node_id}/run", json=body)
    assert answer.status_code == 202, answer.text
    return api.end(answer.json()["id"])


def test_up_to_a_node_calls_no_function_for_the_rest(api: WorkflowApi, stack: LocalStack) -> None:
    workflow_id = api.save(four(stack))
    part = api.execute(workflow_id, {"who": "ann"}, until="second")
    assert (part["status"], part["output"]) == ("succeeded", {"second": "200 for ann"})
    assert [node_id for nodes in called(stack, part) for node_id in nodes] == ["first", "second"]
    skipped = {node_id for node_id, status in statuses(part).items() if status == "skipped"}
    assert skipped == {"third", "out", *(f"n{index}" for index in range(10))}
    whole = api.execute(workflow_id, {"who": "ann"})
    assert (whole["status"], whole["output"]) == ("succeeded", {"out": "200 for ann: 200"})
    refused = api.http.post(f"/workflows/{workflow_id}/execute", json={"until": "secund"})
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "until")


def test_one_node_runs_alone_on_results_given_or_of_an_earlier_execution(
    api: WorkflowApi, stack: LocalStack
) -> None:
    assert stack.models is not None
    workflow_id = api.save(four(stack))
    pinned = {
        "first": {"result": {"output": "x", "status_code": 418, "headers": {}, "url": "u", "elapsed_ms": 1}}
    }
    refused = api.http.post(
        f"/workflows/{workflow_id}/nodes/second/run",
        json={"pinned": {"first": {"result": {"output": "x"}}}},
    )
    assert refused.status_code == 422
    assert "pinned.first.result.status_code" in [problem["field"] for problem in refused.json()["problems"]]
    pinned["first"]["result"]["file"] = None
    second = run_node(api, workflow_id, "second", pinned=pinned, inputs={"who": "bob"})
    assert (second["status"], second["output"]) == ("succeeded", {"second": "418 for bob"})
    assert (second["pinned_nodes"], called(stack, second)) == (["first"], [["second"]])
    whole = api.execute(workflow_id, {"who": "ann"})
    stack.models.ledger.clear()
    third = run_node(api, workflow_id, "third", execution_id=whole["id"])
    assert (third["status"], third["only"], third["results_of"]) == ("succeeded", "third", whole["id"])
    assert called(stack, third) == [["third"]]
    assert stack.models.ledger.count("GET /data/slow", "") == 1
    missing = api.http.post(f"/workflows/{workflow_id}/nodes/third/run")
    assert (missing.status_code, missing.json()["problems"][0]["field"]) == (422, "pinned.second")


def test_a_pinned_result_is_used_by_hand_and_never_live(api: WorkflowApi, stack: LocalStack) -> None:
    pin = {"result": {"output": "a pinned text"}}
    workflow_id = api.save(four(stack, pinned=pin))
    by_hand = api.execute(workflow_id, {"who": "ann"})
    assert (by_hand["output"], by_hand["pinned_nodes"]) == ({"out": "a pinned text: 200"}, ["second"])
    assert results(by_hand)["second"] == pin["result"]
    api.http.post(f"/workflows/{workflow_id}/publish")
    answer = api.http.post(f"/workflows/{workflow_id}/execute?version=live", json={"inputs": {"who": "ann"}})
    live = api.end(answer.json()["id"])
    assert (live["output"], live["pinned_nodes"]) == ({"out": "200 for ann: 200"}, [])
    part = api.execute(workflow_id, until="third")
    assert (called(stack, part), part["pinned_nodes"]) == ([["third"]], ["second"])


def test_a_large_pinned_result_lies_behind_a_claim(api: WorkflowApi) -> None:
    text = "x" * 500_000
    document = chain(
        node("a", "transform", value="a", pinned={"result": {"output": text}}),
        node("b", "transform", value="{{a.output}}"),
    )
    ended = api.execute(api.save(document))
    assert ended["status"] == "succeeded"
    sizes = {run["node_id"]: run["result_size_bytes"] for run in ended["nodes"]}
    assert sizes["a"] == sizes["b"] > 500_000


def test_nodes_that_wait_are_pinned_and_run_alone_like_any_other(api: WorkflowApi) -> None:
    inner = api.save(workflow(node("out", "output", value="inner")))
    api.http.post(f"/workflows/{inner}/publish")
    document = chain(
        node("pause", "wait", seconds=1),
        node("child", "workflow", workflow_id=inner),
        node("out", "output", value="{{child.output.out}}"),
    )
    workflow_id = api.save(document)
    whole = api.execute(workflow_id)
    assert (whole["status"], whole["output"]) == ("succeeded", {"out": "inner"})
    waited = {"result": results(whole)["pause"]}
    alone = run_node(api, workflow_id, "child", pinned={"pause": waited})
    assert (alone["status"], alone["output"]) == ("succeeded", {"child": {"out": "inner"}})
    pins = {"pause": waited, "child": {"result": results(whole)["child"] | {"output": {"out": "pinned"}}}}
    for one in document["nodes"]:
        if one["id"] in pins:
            one["pinned"] = pins[one["id"]]
    by_hand = api.run(document)
    assert (by_hand["output"], by_hand["pinned_nodes"]) == ({"out": "pinned"}, ["pause", "child"])
