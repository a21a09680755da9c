"""Retries: by the same version, by another, with other inputs; what is kept and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import DocumentError, NotFoundError, Problem
from engine.execution import ExecutionStatus
from engine.node import NodeResult
from tests.unit.api.api_bench import ApiBench
from tests.unit.api.test_partial_run import PIN, called, save, statuses, tasks
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
            node("a", value="{{item}}", for_each={"items": ["x", "y"], "max_concurrency": 1}),
            node("b", value=b, for_each={"items": "{{a.output}}", "max_concurrency": 1}),
        ]
        return {"name": "Mine", "nodes": nodes, "connections": connect("a>b")}

    # One item after the other, and the last one fails: both have been through `a` by then.
    last_fails = both("{{ item == 'y' && 'fail' || item }}")
    workflow_id = bench.send("POST", "/workflows/", json=last_fails).json()["id"]
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


def flat(bench: ApiBench) -> list[str]:
    """The nodes of all Tasks of the machine that was started last."""
    return sorted({node_id for nodes in tasks(bench) for node_id in nodes})


def test_a_retry_has_a_machine_of_what_is_left_which_goes_when_it_ends(bench: ApiBench) -> None:
    workflow_id, execution_id = failed(bench)
    assert flat(bench) == ["a", "b", "c", "d"]
    first = retry(bench, execution_id)["id"]
    assert flat(bench) == ["c", "d"]
    # A retry of the retry, and one of another version: each has its own, none outlives its execution.
    retry(bench, first)
    assert bench.send("PUT", f"/workflows/{workflow_id}", json=document("now c")).is_success
    ended = bench.send("GET", f"/executions/{retry(bench, first, version='draft')['id']}").json()
    assert (ended["status"], flat(bench)) == ("succeeded", ["c", "d"])
    for started in bench.machines.started[1:]:
        with pytest.raises(NotFoundError):
            bench.machines.definition(started.version_arn)
    # Saved versions have theirs.
    for version in (1, 2):
        saved = bench.workflows.get_version(workflow_id, version)
        assert bench.machines.definition(saved.state_machine_version_arn)


def test_what_a_retry_costs_is_what_it_runs(bench: ApiBench) -> None:
    _, execution_id = failed(bench)
    whole = bench.executions.get(execution_id)
    again = bench.executions.get(retry(bench, execution_id)["id"])
    assert (whole.own_plan, again.own_plan is not None) == (None, True)
    assert again.cost is not None
    assert whole.cost is not None
    assert 0 < again.cost.states_usd < whole.cost.states_usd


def test_where_nothing_is_kept_the_machine_of_the_version_serves(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a", value="fail"), node("b", value="{{a.output}}"), links=("a>b",))
    whole = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    retry(bench, whole["id"])
    one, two = bench.machines.started
    assert one.version_arn == two.version_arn


def test_the_machine_of_the_version_serves_where_what_is_left_is_too_large(bench: ApiBench) -> None:
    _, execution_id = failed(bench)

    def refuse(definition: Any) -> None:
        raise DocumentError([Problem("definition_refused", "too large")])

    bench.machines.on_publish = refuse
    found = retry(bench, execution_id)
    assert (sorted(found["kept_nodes"]), called(bench)) == (["a", "b", "who"], ["c"])
    assert bench.machines.started[0].version_arn == bench.machines.started[1].version_arn


def test_a_decided_conditional_and_the_way_it_did_not_take_are_kept(bench: ApiBench) -> None:
    def run(config: dict[str, Any], inputs: Any, context: Any) -> NodeResult:
        if context.node_id in failing:
            raise ValueError("as asked")
        return NodeResult({"output": context.node_id}, "left" if context.node_id == "pick" else "main")

    failing = {"l2"}
    bench.scripts.run = run
    workflow_id = save(
        bench,
        node("pick", "fork"),
        *(node(name) for name in ("l1", "l2", "r1", "r2", "end", "off")),
        node("tail", disabled=True),
        links=("pick.left>l1", "l1>l2", "pick.right>r1", "r1>r2", "l2>end", "r2>end", "end>tail", "r1>off"),
    )
    whole = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    assert (whole["status"], called(bench)) == ("failed", ["pick", "l1", "l2"])
    failing.clear()
    ended = bench.send("GET", f"/executions/{retry(bench, whole['id'])['id']}").json()
    assert (ended["status"], called(bench)) == ("succeeded", ["l2", "end"])
    assert flat(bench) == ["end", "l2", "tail"]
    assert statuses(ended) == {
        "pick": "succeeded", "l1": "succeeded", "l2": "succeeded", "r1": "skipped", "r2": "skipped",
        "end": "succeeded", "off": "skipped", "tail": "skipped",
    }  # fmt: skip


def test_items_that_are_kept_are_not_run_in_the_machine_of_what_is_left(bench: ApiBench) -> None:
    def run(config: dict[str, Any], inputs: Any, context: Any) -> NodeResult:
        if str(config["value"]) in failing:
            raise ValueError("as asked")
        return NodeResult({"output": config["value"]})

    failing, one_by_one = {"z!"}, {"max_concurrency": 1}
    bench.scripts.run = run
    workflow_id = save(
        bench,
        node("first"),
        node("a", value="{{item}}", for_each={"items": ["x", "y", "z"], **one_by_one}),
        node("b", value="{{item}}!", for_each={"items": "{{a.output}}", **one_by_one}),
        node("c", value="{{b.output}}"),
        links=("first>a", "a>b", "b>c"),
    )
    whole = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    assert whole["status"] == "failed"
    called(bench)
    failing.clear()
    ended = bench.send("GET", f"/executions/{retry(bench, whole['id'])['id']}").json()
    assert (ended["status"], ended["output"]) == ("succeeded", {"c": ["x!", "y!", "z!"]})
    assert "first" not in flat(bench)
    assert called(bench) == ["b", "c"]


def test_what_comes_after_a_pinned_result_is_not_kept_where_the_pin_does_not_hold(bench: ApiBench) -> None:
    workflow_id = save(
        bench,
        node("a", value="mine", pinned=PIN),
        node("b", value="{{a.output}}"),
        node("c", value="fail"),
        links=("a>b", "b>c"),
    )
    by_hand = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    assert (by_hand["status"], by_hand["pinned_nodes"]) == ("failed", ["a"])
    bench.send("PUT", f"/workflows/{workflow_id}", json={
        "name": "Mine", "connections": connect("a>b", "b>c"),
        "nodes": [
            node("a", value="mine", pinned=PIN),
            node("b", value="{{a.output}}"),
            node("c", value="{{b.output}}"),
        ],
    })  # fmt: skip
    found = retry(bench, by_hand["id"], version=2)
    assert {told["node_id"]: told["reason"] for told in found["again"]} == {
        "a": "its result was pinned", "b": "it comes after 'a'", "c": "its config changed",
    }  # fmt: skip
    assert bench.send("GET", f"/executions/{found['id']}").json()["output"] == {"c": "mine"}


def test_a_failed_retry_starts_the_error_workflow_once_for_each(bench: ApiBench) -> None:
    handler = save(
        bench,
        node("about", "input", name="failure", type="object"),
        node("h", value="{{about.output.execution.id}}"),
        links=("about>h",),
    )
    more = document() | {"settings": {"error_workflow": handler}}
    workflow_id = bench.send("POST", "/workflows/", json=more).json()["id"]
    execution = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1", json={"inputs": {"who": "x"}})
    again = retry(bench, execution.json()["id"])["id"]
    listed = bench.send("GET", f"/workflows/{handler}/executions").json()["items"]
    assert len(listed) == 2
    outputs = [bench.send("GET", f"/executions/{one['id']}").json()["output"]["h"] for one in listed]
    assert set(outputs) == {execution.json()["id"], again}


def test_an_execution_whose_nodes_all_ended_is_tried_again_with_no_task(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a", value=1), node("b", value=2), links=("a>b",))
    started = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    # As one stands whose end was a failure of the service, after its last node.
    lost = bench.executions.get(started["id"]).model_copy(
        update={"execution_id": "ex_lost", "status": ExecutionStatus.FAILED, "output": None, "cost": None}
    )
    bench.executions.create(lost)
    page = bench.executions.list_node_runs(started["id"])
    bench.executions.finish_nodes([run.model_copy(update={"execution_id": "ex_lost"}) for run in page.items])
    called(bench)
    ended = bench.send("GET", f"/executions/{retry(bench, 'ex_lost')['id']}").json()
    assert (ended["status"], ended["output"], called(bench), flat(bench)) == ("succeeded", {"b": 2}, [], [])


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
