"""Up to a node, one node alone, and results that are pinned while a workflow is made."""

from __future__ import annotations

from typing import Any

import pytest

from engine.asl import all_states
from engine.node import NodeResult
from engine.service.start_request import StartRequest
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import connect, echo, node

PIN = {"result": {"output": "pinned"}}


def called(bench: ApiBench) -> list[str]:
    """Nodes that ran, in the order of their calls; forgotten then."""
    found = [context.node_id for context in bench.scripts.calls]
    bench.scripts.calls.clear()
    return found


def statuses(execution: dict[str, Any]) -> dict[str, str]:
    return {run["node_id"]: run["status"] for run in execution["nodes"]}


def save(bench: ApiBench, *nodes: Any, links: tuple[str, ...] = (), status: int = 201) -> Any:
    document = {"name": "Mine", "nodes": list(nodes), "connections": connect(*links)}
    answer = bench.send("POST", "/workflows/", json=document)
    assert answer.status_code == status, answer.text
    return answer.json()["id"] if status == 201 else answer.json()["problems"]


def post(bench: ApiBench, path: str, body: Any = None, status: int = 200, **headers: str) -> dict[str, Any]:
    answer = bench.send("POST", f"{path}?wait=1" if "?" not in path else path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tasks(bench: ApiBench) -> list[list[str]]:
    """The nodes of each Task of the machine that was started last."""
    definition = bench.machines.started[-1].definition
    states = [state for state in all_states(definition) if state["Type"] == "Task"]
    return [state["Parameters"]["Payload"]["nodes"] for state in states]


@pytest.fixture
def chain(bench: ApiBench) -> str:
    """who > a > b > c, and d beside them."""
    return str(
        save(
            bench,
            node("who", "input", name="who", required=True),
            node("a", value="{{who.output}} a"),
            node("b", value="{{a.output}} b"),
            node("c", value="{{b.output}} c"),
            node("d", value="d"),
            links=("who>a", "a>b", "b>c"),
        )
    )


# Up to a node


def test_up_to_a_node_runs_it_and_what_it_needs_and_nothing_else(bench: ApiBench, chain: str) -> None:
    found = post(bench, f"/workflows/{chain}/execute", {"until": "b", "inputs": {"who": "x"}})
    assert called(bench) == ["a", "b"]
    assert sorted(node_id for nodes in tasks(bench) for node_id in nodes) == ["a", "b"]
    assert statuses(found) == {
        "who": "succeeded", "a": "succeeded", "b": "succeeded", "c": "skipped", "d": "skipped",
    }  # fmt: skip
    assert (found["status"], found["until"], found["output"]) == ("succeeded", "b", {"b": "x a b"})
    assert bench.send("GET", f"/workflows/{chain}").json()["version"] == 1
    whole = post(bench, f"/workflows/{chain}/execute", {"inputs": {"who": "x"}})
    assert (sorted(called(bench)), whole["until"]) == (["a", "b", "c", "d"], None)
    assert whole["output"] == {"c": "x a b c", "d": "d"}


def test_inputs_that_the_part_does_not_need_need_not_be_given(bench: ApiBench, chain: str) -> None:
    found = post(bench, f"/workflows/{chain}/execute", {"until": "d"})
    assert (called(bench), statuses(found)["who"], found["output"]) == (["d"], "skipped", {"d": "d"})
    refused = post(bench, f"/workflows/{chain}/execute", {"until": "a"}, 422)
    assert refused["problems"][0]["field"] == "inputs.who"
    refused = post(bench, f"/workflows/{chain}/execute", {"until": "d", "inputs": {"hwo": 1}}, 422)
    assert "did you mean 'who'" in refused["problems"][0]["message"]


@pytest.mark.parametrize(
    ("until", "cure"), [("bb", "did you mean 'b'"), ("zz", "nodes: who, a, b"), ("", "")]
)
def test_a_node_that_there_is_not_is_refused(bench: ApiBench, chain: str, until: str, cure: str) -> None:
    refused = post(bench, f"/workflows/{chain}/execute", {"until": until, "inputs": {"who": "x"}}, 422)
    assert refused["problems"][0]["field"] == "until"
    assert cure in refused["problems"][0]["message"]
    assert bench.machines.started == ()


def test_up_to_an_input_runs_nothing(bench: ApiBench, chain: str) -> None:
    found = post(bench, f"/workflows/{chain}/execute", {"until": "who", "inputs": {"who": "x"}})
    assert (called(bench), found["status"], found["output"]) == ([], "succeeded", {"who": "x"})


def test_a_part_that_failed_is_tried_again_as_a_part(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a"), node("b", value="{{a.output}} b"), node("c"), links=("a>b", "b>c"))
    bench.scripts.run = lambda *_: 1 / 0
    failed = post(bench, f"/workflows/{workflow_id}/execute", {"until": "b"})
    assert (failed["status"], statuses(failed)["c"]) == ("failed", "skipped")
    called(bench)
    bench.scripts.run = echo
    answer = bench.send("POST", f"/executions/{failed['id']}/retry")
    again = bench.send("GET", f"/executions/{answer.json()['id']}").json()
    assert (again["until"], statuses(again)["c"], again["nodes"][0]["kept_from"]) == ("b", "skipped", None)
    assert "c" not in called(bench)


def test_a_way_that_is_not_taken_is_skipped_in_a_part_too(bench: ApiBench) -> None:
    bench.scripts.run = lambda config, inputs, context: bench_result(context.node_id)
    workflow_id = save(
        bench,
        node("pick", "fork"),
        node("l"),
        node("r"),
        node("end"),
        node("after"),
        links=("pick.left>l", "pick.right>r", "l>end", "r>end", "end>after"),
    )
    found = post(bench, f"/workflows/{workflow_id}/execute", {"until": "end"})
    assert (called(bench), statuses(found)["r"]) == (["pick", "l", "end"], "skipped")


def bench_result(node_id: str) -> Any:
    return NodeResult({"output": node_id}, "left" if node_id == "pick" else "main")


def test_the_same_key_starts_one_part_and_another_part_is_another_request(
    bench: ApiBench, chain: str
) -> None:
    path, key = f"/workflows/{chain}/execute", {"Idempotency-Key": "k"}
    first = post(bench, path, {"until": "d"}, **key)
    assert post(bench, path, {"until": "d"}, **key)["id"] == first["id"]
    assert post(bench, path, {"until": "b", "inputs": {"who": "x"}}, 422, **key)["type"].endswith("request")
    assert called(bench) == ["d"]


# One node alone


def test_one_node_runs_alone_with_the_results_that_are_given(bench: ApiBench, chain: str) -> None:
    found = post(bench, f"/workflows/{chain}/nodes/c/run", {"pinned": {"b": {"result": {"output": "B"}}}})
    assert (called(bench), tasks(bench)) == (["c"], [["c"]])
    assert (found["status"], found["only"], found["output"]) == ("succeeded", "c", {"c": "B c"})
    assert found["pinned_nodes"] == ["b"]
    assert {run["node_id"]: run["pinned"] for run in found["nodes"]}["b"] is True
    assert statuses(found) == {
        "who": "skipped", "a": "skipped", "b": "succeeded", "c": "succeeded", "d": "skipped",
    }  # fmt: skip


def test_one_node_runs_alone_on_an_earlier_execution(bench: ApiBench, chain: str) -> None:
    whole = post(bench, f"/workflows/{chain}/execute", {"inputs": {"who": "x"}})
    called(bench)
    found = post(bench, f"/workflows/{chain}/nodes/b/run", {"execution_id": whole["id"]})
    assert (called(bench), found["output"], found["results_of"]) == (["b"], {"b": "x a b"}, whole["id"])
    assert {run["node_id"]: run["kept_from"] for run in found["nodes"]}["a"] == whole["id"]
    first = post(bench, f"/workflows/{chain}/nodes/a/run", {"execution_id": whole["id"]})
    assert first["output"] == {"a": "x a"}
    given = {"execution_id": whole["id"], "inputs": {"who": "y"}}
    assert post(bench, f"/workflows/{chain}/nodes/a/run", given)["output"] == {"a": "y a"}
    pinned = {"execution_id": whole["id"], "pinned": {"a": PIN}}
    assert post(bench, f"/workflows/{chain}/nodes/b/run", pinned)["output"] == {"b": "pinned b"}


def test_what_is_missing_before_a_node_is_named_with_the_cure(bench: ApiBench, chain: str) -> None:
    refused = post(bench, f"/workflows/{chain}/nodes/c/run", {}, 422)
    assert "would be skipped" in refused["detail"]
    (problem,) = refused["problems"]
    assert (problem["node"], problem["field"]) == ("b", "pinned.b")
    assert "give `pinned.b`, or an `execution_id` that has one" in problem["message"]
    assert (
        post(bench, f"/workflows/{chain}/nodes/nobody/run", {}, 404)["detail"] == "There is no node 'nobody'."
    )


@pytest.mark.parametrize(
    ("pinned", "field"),
    [
        ({"d": PIN}, "pinned.d"),
        ({"who": {"result": {"output": 1}}}, "pinned.who"),
        ({"nobody": PIN}, "pinned.nobody"),
        ({"b": {"result": {"text": "x"}}}, "pinned.b.result"),
        ({"b": {"result": {"output": 1}, "output_name": "left"}}, "pinned.b.output_name"),
        ({"b": {"output": 1}}, "pinned.b.result"),
        ({"b": 5}, "pinned.b"),
        ([], "pinned"),
    ],
)
def test_results_that_do_not_fit_are_refused(bench: ApiBench, chain: str, pinned: Any, field: str) -> None:
    refused = post(bench, f"/workflows/{chain}/nodes/c/run", {"pinned": pinned}, 422)
    assert refused["problems"][0]["field"] == field
    assert bench.machines.started == ()


def test_an_execution_of_another_workflow_is_refused(bench: ApiBench, chain: str) -> None:
    other = post(bench, f"/workflows/{save(bench, node('x'))}/execute")
    for execution_id in (other["id"], "ex_none"):
        answer = bench.send("POST", f"/workflows/{chain}/nodes/b/run", json={"execution_id": execution_id})
        assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, "execution_id")


def test_a_join_of_all_asks_for_every_result(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a"), node("b"), node("c", join="all"), links=("a>c", "b>c"))
    refused = post(bench, f"/workflows/{workflow_id}/nodes/c/run", {"pinned": {"a": PIN}}, 422)
    assert [problem["node"] for problem in refused["problems"]] == ["b"]
    assert post(bench, f"/workflows/{workflow_id}/nodes/c/run", {"pinned": {"a": PIN, "b": PIN}})["output"]


def test_a_disabled_node_is_not_run(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a", disabled=True))
    assert "enable it" in post(bench, f"/workflows/{workflow_id}/nodes/a/run", {}, 409)["detail"]


def test_a_for_each_node_runs_alone_over_the_list_that_is_given(bench: ApiBench) -> None:
    each = node("b", value="{{item}}!", for_each={"items": "{{a.output}}"})
    workflow_id = save(bench, node("a"), each, links=("a>b",))
    pinned = {"a": {"result": {"output": ["x", "y"]}}}
    found = post(bench, f"/workflows/{workflow_id}/nodes/b/run", {"pinned": pinned})
    assert found["output"] == {"b": ["x!", "y!"]}


def test_a_large_result_is_given_too(bench: ApiBench, chain: str) -> None:
    text = "x" * 400_000
    pinned = {"b": {"result": {"output": text}}}
    found = post(bench, f"/workflows/{chain}/nodes/c/run", {"pinned": pinned})
    assert found["status"] == "succeeded"
    claim = bench.execution(found["id"]).output_claim
    assert claim is not None
    assert bench.values.load(None, claim) == {"c": f"{text} c"}


def test_a_part_teaches_nothing_of_what_did_not_run(bench: ApiBench, chain: str) -> None:
    post(bench, f"/workflows/{chain}/nodes/c/run", {"pinned": {"b": PIN}})
    assert list(bench.durations.get(chain).nodes) == ["c"]


# Pinned results


@pytest.fixture
def pinned(bench: ApiBench) -> str:
    """a > b > c, where b is pinned."""
    nodes = (node("a"), node("b", pinned=PIN), node("c", value="{{b.output}} c"))
    return str(save(bench, *nodes, links=("a>b", "b>c")))


def test_a_pinned_result_stands_in_for_a_run_of_the_draft_by_hand(bench: ApiBench, pinned: str) -> None:
    found = post(bench, f"/workflows/{pinned}/execute")
    assert (called(bench), found["output"], found["pinned_nodes"]) == (["a", "c"], {"c": "pinned c"}, ["b"])
    run = found["nodes"][1]
    assert (run["pinned"], run["status"], run["attempts"], run["cache"]) == (True, "succeeded", 0, None)
    assert "b" not in bench.durations.get(pinned).nodes


def test_pins_are_left_aside_when_asked_and_by_every_version_but_the_draft(
    bench: ApiBench, pinned: str
) -> None:
    post(bench, f"/workflows/{pinned}/publish?version=1")
    for query, body in (
        ("?wait=1", {"ignore_pins": True}),
        ("?wait=1&version=live", {}),
        ("?wait=1&version=1", {}),
    ):
        found = post(bench, f"/workflows/{pinned}/execute{query}", body)
        assert (called(bench), found["pinned_nodes"]) == (["a", "b", "c"], [])


def test_triggers_never_take_pins(bench: ApiBench, pinned: str) -> None:
    request = StartRequest(pinned, trigger="webhook:tr_1", version="draft")
    execution, _ = bench.execution_service.start(request)
    assert called(bench) == ["a", "b", "c"]
    assert not execution.selection.uses_pins


def test_a_pinned_node_that_would_be_skipped_is_skipped(bench: ApiBench) -> None:
    bench.scripts.run = lambda config, inputs, context: bench_result(context.node_id)
    nodes = (node("pick", "fork"), node("r", pinned=PIN), node("end"))
    workflow_id = save(bench, *nodes, links=("pick.right>r", "pick.left>end", "r>end"))
    found = post(bench, f"/workflows/{workflow_id}/execute")
    assert (called(bench), statuses(found)["r"], found["pinned_nodes"]) == (["pick", "end"], "skipped", [])


def test_a_pin_says_which_way_a_fork_goes(bench: ApiBench) -> None:
    pin = {"result": {"output": 1}, "output_name": "right"}
    nodes = (node("pick", "fork", pinned=pin), node("l"), node("r"))
    workflow_id = save(bench, *nodes, links=("pick.left>l", "pick.right>r"))
    found = post(bench, f"/workflows/{workflow_id}/execute")
    assert (called(bench), statuses(found)["l"]) == (["r"], "skipped")


def test_a_pinned_for_each_node_runs_no_item(bench: ApiBench) -> None:
    pin = {"result": {"output": ["x"], "items": [{"output": "x"}], "count": 1}}
    each = node("b", for_each={"items": [1, 2]}, pinned=pin)
    workflow_id = save(bench, each, node("c", value="{{b.output[0]}}"), links=("b>c",))
    assert post(bench, f"/workflows/{workflow_id}/execute")["output"] == {"c": "x"}
    assert called(bench) == ["c"]


def test_up_to_a_node_what_is_before_a_pin_does_not_run(bench: ApiBench, pinned: str) -> None:
    found = post(bench, f"/workflows/{pinned}/execute", {"until": "c"})
    assert (called(bench), tasks(bench)) == (["c"], [["c"]])
    assert (statuses(found)["a"], found["pinned_nodes"]) == ("skipped", ["b"])
    post(bench, f"/workflows/{pinned}/execute", {"until": "b"})
    assert called(bench) == ["a", "b"]
    post(bench, f"/workflows/{pinned}/nodes/c/run")
    assert called(bench) == ["c"]
    refused = post(bench, f"/workflows/{pinned}/nodes/c/run", {"ignore_pins": True}, 422)
    assert refused["problems"][0]["node"] == "b"


def test_up_to_a_node_a_pin_behind_what_runs_anyway_is_decided_by_its_connections(bench: ApiBench) -> None:
    bench.scripts.run = lambda config, inputs, context: bench_result(context.node_id)
    nodes = (node("pick", "fork"), node("r", pinned=PIN), node("x"), node("l"), node("end"))
    links = ("pick.right>r", "r>x", "x>end", "pick.left>l", "l>end")
    workflow_id = save(bench, *nodes, links=links)
    found = post(bench, f"/workflows/{workflow_id}/execute", {"until": "end"})
    assert (called(bench), found["pinned_nodes"]) == (["pick", "l", "end"], [])
    assert (statuses(found)["r"], statuses(found)["x"]) == ("skipped", "skipped")
    found = post(bench, f"/workflows/{workflow_id}/execute", {"until": "x"})
    assert (called(bench), found["pinned_nodes"], statuses(found)["pick"]) == (["x"], ["r"], "skipped")


def test_a_part_that_fails_starts_no_error_workflow(bench: ApiBench) -> None:
    handler = save(bench, node("h"))
    document = {"name": "Mine", "nodes": [node("a"), node("b")], "settings": {"error_workflow": handler}}
    workflow_id = bench.send("POST", "/workflows/", json=document).json()["id"]
    bench.scripts.run = lambda *_: 1 / 0
    assert post(bench, f"/workflows/{workflow_id}/execute", {"until": "a"})["status"] == "failed"
    assert called(bench) == ["a"]
    assert post(bench, f"/workflows/{workflow_id}/execute")["status"] == "failed"
    assert "h" in called(bench)


def test_a_retry_goes_by_the_same_pins(bench: ApiBench) -> None:
    nodes = (node("a"), node("b", pinned=PIN), node("c", value="{{b.output}} c"))
    workflow_id = save(bench, *nodes, links=("a>b", "b>c"))
    bench.scripts.run = lambda *_: 1 / 0
    failed = post(bench, f"/workflows/{workflow_id}/execute")
    assert failed["status"] == "failed"
    called(bench)
    bench.scripts.run = echo
    again = bench.send("POST", f"/executions/{failed['id']}/retry").json()
    ended = bench.send("GET", f"/executions/{again['id']}").json()
    assert (called(bench), ended["output"], ended["pinned_nodes"]) == (["a", "c"], {"c": "pinned c"}, ["b"])


def test_the_cache_neither_gives_nor_gets_a_pinned_result(bench: ApiBench) -> None:
    nodes = (node("a", pinned=PIN, cache_ttl_seconds=60, value="v"),)
    workflow_id = save(bench, *nodes)
    post(bench, f"/workflows/{workflow_id}/execute")
    assert (
        post(bench, f"/workflows/{workflow_id}/execute", {"ignore_pins": True})["nodes"][0]["cache"] == "miss"
    )
    assert post(bench, f"/workflows/{workflow_id}/execute")["nodes"][0]["result"] == {"output": "pinned"}


@pytest.mark.parametrize(
    ("one", "code", "field"),
    [
        (node("x", "input", pinned=PIN), "pin_refused", "pinned"),
        (node("x", pinned={"result": {}}), "pin_without_output", "pinned.result"),
        (
            node("x", pinned={"result": {"output": 1}, "output_name": "left"}),
            "unknown_output",
            "pinned.output_name",
        ),
        (node("x", "llm", prompt="p", pinned={"result": {"output": 1}}), "pin_misfit", "pinned.result.text"),
        (node("x", for_each=[1], pinned={"result": {"output": 1}}), "pin_misfit", "pinned.result.output"),
    ],
)
def test_a_pin_that_its_node_could_not_give_is_a_problem_of_the_document(
    bench: ApiBench, one: Any, code: str, field: str
) -> None:
    problem = save(bench, one, status=422)[0]
    assert (problem["code"], problem["node"], problem["field"]) == (code, "x", field)


def test_a_failure_may_be_pinned_where_a_connection_takes_it(bench: ApiBench) -> None:
    pin = {"result": {"output": None, "error": {"message": "no"}}, "output_name": "error"}
    one = node("x", "llm", prompt="p", on_error="output", pinned=pin)
    workflow_id = save(bench, one, node("y", value="{{x.error.message}}"), links=("x.error>y",))
    assert post(bench, f"/workflows/{workflow_id}/execute")["output"] == {"y": "no"}


def test_a_secret_in_a_pinned_result_is_not_exported_unaware(bench: ApiBench) -> None:
    workflow_id = save(bench, node("a", pinned={"result": {"output": {"access_token": "abc"}}}))
    answer = bench.send("GET", f"/workflows/{workflow_id}/export")
    assert (answer.status_code, "pinned.result.output.access_token" in answer.text) == (422, True)
