"""A workflow that is repeated, over HTTP: so often, until a condition holds, for batches of a list."""

from __future__ import annotations

from typing import Any

from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, http_node, node, workflow
from tests.integration.workflow_api import WorkflowApi, results


def counter(api: WorkflowApi) -> str:
    """Adds ``by`` to ``to``."""
    return api.save(
        workflow(
            node("to", "input", name="to", type="integer", default=0),
            node("by", "input", name="by", type="integer", default=1),
            node("sum", "output", value="{{ add(to.output, by.output) }}"),
            connections=connect("to>sum", "by>sum"),
            name="Counter",
        )
    )


def adder(api: WorkflowApi) -> str:
    """Adds up ``numbers``."""
    return api.save(
        workflow(
            node("numbers", "input", name="numbers", type="array"),
            node("sum", "output", value="{{ sum(numbers.output) }}"),
            connections=connect("numbers>sum"),
            name="Adder",
        )
    )


def looped(workflow_id: str, **config: Any) -> dict[str, Any]:
    loop = node("again", "loop", workflow_id=workflow_id, version="draft", **config)
    return chain(loop, node("end", "output", value="{{ again.last.sum }}"))


def test_each_round_goes_on_from_the_last_until_a_condition_holds(api: WorkflowApi) -> None:
    document = looped(
        counter(api),
        inputs={"to": "{{ round.last.sum || `0` }}", "by": "{{ add(round.index, `1`) }}"},
        until="{{ round.last.sum >= `6` }}",
    )
    execution = api.run(document)
    assert (execution["status"], execution["output"]) == ("succeeded", {"end": 6}), execution
    made = results(execution)["again"]
    assert (made["output"], made["count"], made["ended_by"]) == (
        [{"sum": 1}, {"sum": 3}, {"sum": 6}],
        3,
        "until",
    )
    children = api.http.get(f"/executions/{execution['id']}/children").json()["items"]
    assert sorted(made["execution_ids"]) == [child["execution_id"] for child in children]


def test_so_often_and_no_more(api: WorkflowApi) -> None:
    workflow_id = counter(api)
    inputs = {"to": "{{ round.last.sum || `0` }}"}
    twice = results(api.run(looped(workflow_id, inputs=inputs, times=2)))["again"]
    assert (twice["output"], twice["ended_by"]) == ([{"sum": 1}, {"sum": 2}], "times")
    bounded = looped(workflow_id, inputs=inputs, times=2, until="{{ round.last.sum > `9` }}")
    assert results(api.run(bounded))["again"]["ended_by"] == "times"


def test_a_list_is_gone_through_in_batches(api: WorkflowApi) -> None:
    document = looped(
        adder(api), items="{{ inputs.list }}", batch_size=2, inputs={"numbers": "{{ round.items }}"}
    )
    document["nodes"].append(node("list", "input", name="list", type="array"))
    document["connections"].append({"source": "list", "target": "again"})
    workflow_id = api.save(document)
    made = results(api.execute(workflow_id, {"list": [1, 2, 3, 4, 5]}))["again"]
    assert ([each["sum"] for each in made["output"]], made["ended_by"]) == ([3, 7, 5], "items")
    nothing = results(api.execute(workflow_id, {"list": []}))["again"]
    assert (nothing["output"], nothing["last"], nothing["count"]) == ([], None, 0)


def test_a_round_that_fails_is_named(api: WorkflowApi, stack: LocalStack) -> None:
    url = f"{stack.data_url}/status/{{{{ inputs.code }}}}"
    child = workflow(
        node("code", "input", name="code", type="integer"),
        http_node("get", url),
        connections=connect("code>get"),
        name="Status",
    )
    execution = api.run(looped(api.save(child), items=[200, 404, 200], inputs={"code": "{{ round.item }}"}))
    assert execution["status"] == "failed"
    assert execution["error"]["message"].startswith("round 1: execution 'ex_")
    assert len(api.http.get(f"/executions/{execution['id']}/children").json()["items"]) == 2


def test_a_loop_that_makes_no_sense_is_told_when_one_saves(api: WorkflowApi) -> None:
    workflow_id = counter(api)

    def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
        answer = api.http.post("/workflows/", json=document)
        assert answer.status_code == 422, answer.text
        return [(item["code"], item["field"]) for item in answer.json()["problems"]]

    assert problems(looped(workflow_id)) == [("bad_value", "config")]
    assert problems(looped(workflow_id, times=1_001))[0][1] == "config.times"
    assert problems(looped(workflow_id, times="{{ round.index }}")) == [("bad_reference", "config.times")]
    assert problems(looped("wf_none", times=1)) == [("unknown_workflow", "config.workflow_id")]
    each = looped(workflow_id, times=2)
    each["nodes"][0]["for_each"] = [1]
    assert ("for_each_refused", "for_each") in problems(each)
    both = chain(*(node(f"l{n}", "loop", workflow_id=workflow_id, version=1, times=1_000) for n in range(2)))
    assert problems(both) == [("history_too_long", "nodes")]
