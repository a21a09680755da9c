"""Retries: by the same version, by another, with other inputs; what is kept and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.node import NodeResult
from tests.unit.api.api_bench import ApiBench
from tests.unit.api.test_partial_run import PIN, called, save
from tests.unit.engine_bench import connect, node


@pytest.fixture(autouse=True)
def scripted(bench: ApiBench) -> None:
    """A node whose value is `fail` fails; a list that holds it fails at that item."""

    def run(config: dict[str, Any], *_: Any) -> NodeResult:
        if config["value"] == "fail":
            raise ValueError("as asked")
        return NodeResult({"output": config["value"]})

    bench.scripts.run = run


def document(c: str = "fail", **more: Any) -> dict[str, Any]:
    nodes = [
        node("who", "input", name="who"),
        node("a", value="{{who.output}} a"),
        node("b", value="b"),
        node("c", value=c),
        node("d", value="{{c.output}} d"),
    ]
    nodes = [one | more.pop(one["id"], {}) for one in nodes]
    links = more.pop("links", ("who>a", "a>c", "b>c", "c>d"))
    return {"name": "Mine", "nodes": [*nodes, *more.pop("nodes", [])], "connections": connect(*links)}


def failed(bench: ApiBench, **more: Any) -> tuple[str, str]:
    """A workflow, and an execution of it that failed at c."""
    workflow_id = bench.send("POST", "/workflows/", json=document(**more)).json()["id"]
    execution = bench.send(
        "POST", f"/workflows/{workflow_id}/execute?wait=1", json={"inputs": {"who": "x"}}
    ).json()
    assert execution["status"] == "failed", execution
    called(bench)
    return workflow_id, execution["id"]


def retry(bench: ApiBench, execution_id: str, status: int = 202, **body: Any) -> dict[str, Any]:
    answer = bench.send("POST", f"/executions/{execution_id}/retry", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_retry_says_what_it_kept_and_why_the_rest_runs(bench: ApiBench) -> None:
    _, execution_id = failed(bench)
    found = retry(bench, execution_id)
    assert (sorted(found["kept_nodes"]), called(bench)) == (["a", "b", "who"], ["c"])
    reasons = {told["node_id"]: told["reason"] for told in found["again"]}
    assert reasons == {"c": "it had ended as failed", "d": "it had ended as aborted"}


def test_with_the_draft_results_are_kept_where_nothing_before_them_changed(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    draft = document("now c", b={"config": {"value": "another b"}})
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=draft).is_success
    found = retry(bench, execution_id, version="draft")
    assert (found["version"], found["retry_of"], found["kept_nodes"]) == (2, execution_id, ["who", "a"])
    reasons = {told["node_id"]: told["reason"] for told in found["again"]}
    assert reasons == {
        "b": "its config changed", "c": "its config changed", "d": "it comes after 'c'",
    }  # fmt: skip
    assert called(bench) == ["b", "c", "d"]
    ended = bench.send("GET", f"/executions/{found['id']}").json()
    assert (ended["status"], ended["output"], ended["inputs"]) == (
        "succeeded", {"d": "now c d"}, {"who": "x"},
    )  # fmt: skip
    kept = {run["node_id"]: run["kept_from"] for run in ended["nodes"]}
    assert kept == {"who": execution_id, "a": execution_id, "b": None, "c": None, "d": None}


def test_nodes_that_are_gone_are_left_behind_and_new_ones_run(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    draft = document("now c", nodes=[node("e", value="e")], links=("who>a", "a>c", "b>c", "c>d", "d>e"))
    draft["nodes"] = [one for one in draft["nodes"] if one["id"] != "b"]
    draft["connections"] = [one for one in draft["connections"] if one["source"] != "b"]
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=draft).is_success
    found = retry(bench, execution_id, version=2)
    assert (called(bench), found["kept_nodes"]) == (["c", "d", "e"], ["who", "a"])
    ended = bench.send("GET", f"/executions/{found['id']}").json()
    assert (ended["status"], [run["node_id"] for run in ended["nodes"]]) == (
        "succeeded", ["who", "a", "c", "d", "e"],
    )  # fmt: skip


def test_another_retry_of_a_retry_keeps_the_origin_of_results(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    second = retry(bench, execution_id)["id"]
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=document("now c")).is_success
    third = retry(bench, second, version="draft")["id"]
    ended = bench.send("GET", f"/executions/{third}").json()
    assert {run["node_id"]: run["kept_from"] for run in ended["nodes"]}["a"] == execution_id


def test_a_succeeded_execution_is_tried_again_by_another_version_alone(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a", value=1), node("b", value=2), links=("a>b",))
    whole = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    refused = retry(bench, whole["id"], 409)
    assert "retry with another version" in refused["detail"]
    assert retry(bench, whole["id"], 409, version="draft")["type"].endswith("conflict")
    bench.send("PUT", f"/workflows/{workflow_id}", json={
        "name": "Mine", "nodes": [node("a", value=1), node("b", value=3)], "connections": connect("a>b"),
    })  # fmt: skip
    called(bench)
    assert retry(bench, whole["id"], version="draft")["kept_nodes"] == ["a"]
    assert called(bench) == ["b"]


def test_with_other_inputs_what_reads_them_runs(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=document("{{a.output}} c")).is_success
    found = retry(bench, execution_id, version="draft", inputs={"who": "y"})
    assert (called(bench), found["kept_nodes"]) == (["a", "c", "d"], ["b"])
    ended = bench.send("GET", f"/executions/{found['id']}").json()
    assert (ended["inputs"], ended["output"]) == ({"who": "y"}, {"d": "y a c d"})


def test_an_input_that_the_draft_asks_for_newly_is_given_with_the_retry(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    draft = document("now c", nodes=[node("more", "input", name="more", required=True)])
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=draft).is_success
    refused = retry(bench, execution_id, 422, version="draft")
    assert refused["problems"][0]["field"] == "inputs.more"
    assert retry(bench, execution_id, version="draft", inputs={"more": "1"})["version"] == 2


def test_items_that_succeeded_are_kept_where_the_list_did_not_change(bench: ApiBench) -> None:
    def each(value: str) -> dict[str, Any]:
        nodes = [node("e", value="{{item}}", for_each=["x", "z", value]), node("f", value=value)]
        return {"name": "Mine", "nodes": nodes, "connections": connect("e>f")}

    workflow_id = bench.send("POST", "/workflows/", json=each("fail")).json()["id"]
    whole = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    assert whole["status"] == "failed"
    called(bench)
    retry(bench, whole["id"])
    assert called(bench) == ["e"]
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=each("y")).is_success
    found = retry(bench, whole["id"], version="draft")
    assert sorted(called(bench)) == ["e", "e", "e", "f"]
    assert bench.send("GET", f"/executions/{found['id']}").json()["output"] == {"f": "y"}


def test_items_are_kept_for_a_node_that_may_go_on_from_each_of_them(bench: ApiBench) -> None:
    def both(b: str) -> dict[str, Any]:
        nodes = [
            node("a", value="{{item}}", for_each=["x", "y"]),
            node("b", value=b, for_each={"items": "{{a.output}}"}),
        ]
        return {"name": "Mine", "nodes": nodes, "connections": connect("a>b")}

    workflow_id = bench.send("POST", "/workflows/", json=both("fail")).json()["id"]
    whole = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    assert whole["status"] == "failed"
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=both("{{item}}!")).is_success
    called(bench)
    again = retry(bench, whole["id"], version="draft")
    # In one Map with `b`, which failed, `a` was not gathered the first time: the retry has its result.
    earlier = {"execution_id": again["id"]}
    alone = bench.send("POST", f"/workflows/{workflow_id}/nodes/b/run", json=earlier)
    assert called(bench) == ["b"] * 4
    for execution_id in (again["id"], alone.json()["id"]):
        ended = bench.send("GET", f"/executions/{execution_id}").json()
        assert (ended["status"], ended["output"]) == ("succeeded", {"b": ["x!", "y!"]})
        items = bench.send("GET", f"/executions/{execution_id}/nodes/a/items").json()["items"]
        assert [(item["result"]["output"], item["kept_from"]) for item in items] == [
            ("x", whole["id"]),
            ("y", whole["id"]),
        ]


def test_pins_of_the_draft_serve_the_retry_of_a_run_by_hand_and_of_no_other(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    draft = document()
    draft["nodes"][3]["pinned"] = PIN
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=draft).is_success
    found = retry(bench, execution_id, version="draft")
    ended = bench.send("GET", f"/executions/{found['id']}").json()
    assert (ended["status"], ended["output"], ended["pinned_nodes"]) == (
        "succeeded",
        {"d": "pinned d"},
        ["c"],
    )
    called(bench)
    by_number = retry(bench, execution_id, version=2)
    assert bench.send("GET", f"/executions/{by_number['id']}").json()["status"] == "failed"
    again = retry(bench, found["id"], version=1)
    assert {told["node_id"]: told["reason"] for told in again["again"]}["c"] == "its result was pinned"


def test_the_same_key_asks_for_the_same_retry(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=document("now c")).is_success
    path, key = f"/workflows/{workflow_id}/executions/{execution_id}/retry", {"Idempotency-Key": "k"}
    first = bench.send("POST", path, json={"version": "draft"}, headers=key)
    again = bench.send("POST", path, json={"version": "draft"}, headers=key)
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first.json()["id"], "true")
    assert again.json()["kept_nodes"] == first.json()["kept_nodes"]
    assert bench.send("POST", path, headers=key).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "drafty"}, "version"),
        ({"version": 0}, "version"),
        ({"version": True}, "version"),
        ({"version": 1.5}, "version"),
        ({"versoin": "draft"}, "versoin"),
        ({"inputs": {"whom": 1}}, "inputs.whom"),
    ],
)
def test_what_makes_no_sense_is_refused(bench: ApiBench, body: dict[str, Any], field: str) -> None:
    _, execution_id = failed(bench)
    assert retry(bench, execution_id, 422, **body)["problems"][0]["field"].startswith(field)


def test_a_version_that_there_is_not_is_told(bench: ApiBench) -> None:
    _, execution_id = failed(bench)
    assert retry(bench, execution_id, 404, version=9)["type"].endswith("not-found")
    assert retry(bench, execution_id, 409, version="live")["type"].endswith("conflict")
