"""The wait node over HTTP: the state machine waits, a node run says so meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.integration.documents import chain, connect, node, workflow
from tests.integration.workflow_api import WorkflowApi, results, statuses


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_it_waits_some_seconds_and_until_a_moment(api: WorkflowApi) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    execution = api.run(
        workflow(
            node("delay", "input", name="delay", type="number"),
            node("due", "input", name="due"),
            node("pause", "wait", seconds="{{ delay.output }}"),
            node("rest", "wait", until="{{ due.output }}"),
            node("gone", "wait", until="2001-01-01T00:00:00Z"),
            node("end", "output", value="{{ rest.output }}"),
            connections=connect("delay>pause", "due>rest", "due>gone", "pause>end", "rest>end", "gone>end"),
        ),
        {"delay": 2, "due": until},
    )
    assert execution["status"] == "succeeded", execution
    found = results(execution)
    assert (found["pause"]["waited_seconds"], found["gone"]["waited_seconds"]) == (2, 0)
    assert _moment(execution["output"]["end"]) == _moment(until)
    runs = {run["node_id"]: run for run in execution["nodes"]}
    waited = _moment(runs["pause"]["ended_at"]) - _moment(runs["pause"]["started_at"])
    assert waited >= timedelta(seconds=1.4)
    assert _moment(runs["rest"]["ended_at"]) >= _moment(until) - timedelta(seconds=0.6)


def test_a_wait_for_each_item_and_one_that_is_wrong(api: WorkflowApi) -> None:
    execution = api.run(
        workflow(
            node("each", "wait", seconds="{{ item }}") | {"for_each": [0, 1, 0]},
            node("bad", "wait", until="{{ inputs.when }}") | {"on_error": "continue"},
            node("when", "input", name="when"),
            connections=connect("when>bad"),
        ),
        {"when": "soon"},
    )
    assert execution["status"] == "succeeded", execution
    assert [item["waited_seconds"] for item in results(execution)["each"]["items"]] == [0, 1, 0]
    assert "no ISO 8601 date" in results(execution)["bad"]["error"]["message"]


def test_a_wait_is_cancelled_with_its_execution(api: WorkflowApi) -> None:
    document = chain(node("pause", "wait", seconds=3_000), node("end", "output", value="{{pause.output}}"))
    started = api.start(api.save(document))
    assert api.http.post(f"/executions/{started['id']}/cancel").status_code == 200
    ended = api.end(started["id"])
    assert (ended["status"], statuses(ended)["end"]) == ("aborted", "aborted")


def test_a_wait_longer_than_its_workflow_is_refused_when_it_is_saved(api: WorkflowApi) -> None:
    document = chain(node("pause", "wait", seconds=4_000), settings={"timeout_seconds": 60})
    answer = api.http.post("/workflows/", json=document)
    assert answer.status_code == 422, answer.text
    [problem] = answer.json()["problems"]
    assert (problem["code"], problem["node"]) == ("wait_too_long", "pause")
    assert "settings.timeout_seconds" in problem["message"]
