"""What somebody meets who nearly asks right: at the real door, each answer says what to ask instead."""

from __future__ import annotations

import httpx
import pytest

from infra.local.stack import LocalStack
from tests.integration.trigger_api import save_live
from tests.integration.workflow_api import WorkflowApi


def test_an_address_is_served_with_either_slash_and_a_wrong_one_told(api: WorkflowApi) -> None:
    save_live(api)
    assert api.http.get("/workflows?limit=1").json() == api.http.get("/workflows/?limit=1").json()
    assert api.http.get("/executions/?limit=1").status_code == 200
    wrong = api.http.get("/workflow/")
    assert (wrong.status_code, "did you mean /api/v1/workflows/?" in wrong.json()["detail"]) == (404, True)
    wrong = api.http.patch("/workflows")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")


def test_a_version_in_the_body_does_not_publish_the_draft(api: WorkflowApi) -> None:
    workflow = api.save({"name": "w", "nodes": [{"id": "a", "type": "output", "config": {"value": 1}}]})
    answer = api.http.post(f"/workflows/{workflow}/publish", json={"version": 1})
    assert (answer.status_code, "?version=1" in answer.json()["detail"]) == (422, True)
    assert api.http.get(f"/workflows/{workflow}").json()["live_version"] is None
    answer = api.http.post(f"/workflows/{workflow}/publish?version=newest")
    (problem,) = answer.json()["problems"]
    assert problem["field"] == "query.version"
    assert problem["message"].startswith("must be `draft`")


@pytest.mark.parametrize("expression", ["cron(0 0 30 2 ? *)", "cron(0 9 * * ? 2020)", "rate(999999999 days)"])
def test_a_schedule_that_never_comes_leaves_nothing(api: WorkflowApi, expression: str) -> None:
    workflow = save_live(api)
    path = f"/workflows/{workflow}/triggers"
    answer = api.http.post(path, json={"type": "schedule", "expression": expression})
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, "expression")
    assert api.http.get(path).json() == {"items": []}


def test_a_problem_of_a_webhook_names_its_place_and_the_trace(stack: LocalStack) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = httpx.post(f"{stack.api_url}/webhooks/nobody/here", headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["instance"], problem["trace_id"]) == (
        404,
        "/webhooks/nobody/here",
        trace,
    )
    assert answer.headers["traceparent"].split("-")[1] == trace
