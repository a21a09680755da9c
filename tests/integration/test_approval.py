"""A person approves or rejects by a link, over HTTP: once, in time, with what the form asks for."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, node, workflow
from tests.integration.workflow_api import WorkflowApi, results, statuses

FORM = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "title": "Amount <b>", "minimum": 1},
        "reason": {"type": "string", "enum": ["goods", "travel"]},
        "urgent": {"type": "boolean"},
    },
    "required": ["amount"],
}
MESSAGE = 'Pay <script>alert(1)</script> & "more"?'


def payment(**more: Any) -> dict[str, Any]:
    ask = node(
        "ask", "approval", title="Payment", message=MESSAGE, form=FORM, expires_after_seconds=600, **more
    )
    return workflow(
        ask,
        node("pay", "output", value="{{ ask.output.amount }}"),
        node("refused", "output", value="{{ ask.comment }}"),
        node("late", "output", value="{{ ask.outcome }}"),
        connections=connect("ask.approved>pay", "ask.rejected>refused", "ask.expired>late"),
    )


def asked(api: WorkflowApi, document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A running execution, and its question with the links."""
    started = api.start(api.save(document))
    deadline = time.monotonic() + 60
    while True:
        run = api.http.get(f"/executions/{started['id']}/nodes/ask").json()
        if run["approval"] is not None:
            return started["id"], run["approval"]
        assert time.monotonic() < deadline, run
        time.sleep(0.1)


def test_a_program_approves_with_the_form_filled_in(api: WorkflowApi) -> None:
    execution_id, approval = asked(api, payment())
    assert (approval["title"], approval["form"]) == ("Payment", FORM)
    url = approval["approve_url"]
    shown = httpx.get(url)
    assert (shown.status_code, shown.json()["action"]) == (200, "approve")
    bad = httpx.post(url, json={"data": {"amount": 0, "reason": "fun", "more": 1}})
    assert bad.status_code == 422
    assert {problem["field"] for problem in bad.json()["problems"]} == {
        "data.amount",
        "data.reason",
        "data.more",
    }
    good = httpx.post(url, json={"data": {"amount": 12.5}, "by": "Ada"})
    assert (good.status_code, good.json()["outcome"]) == (200, "approved"), good.text
    execution = api.end(execution_id)
    assert (execution["status"], execution["output"]) == ("succeeded", {"pay": 12.5})
    result = results(execution)["ask"]
    assert (result["by"], result["output"], result["outcome"]) == ("Ada", {"amount": 12.5}, "approved")
    assert statuses(execution) == {
        "ask": "succeeded",
        "pay": "succeeded",
        "refused": "skipped",
        "late": "skipped",
    }
    again = httpx.post(url, json={"data": {"amount": 1}})
    assert again.status_code == 409
    assert "approved by Ada" in again.json()["detail"]
    assert httpx.get(url).status_code == 410
    assert httpx.post(approval["reject_url"]).status_code == 409
    [record] = api.http.get("/audit", params={"target": f"execution:{execution_id}"}).json()["items"]
    assert (record["action"], record["after"]["by"]) == ("approval.approve", "Ada")


def test_a_person_fills_in_a_page_that_loads_nothing(api: WorkflowApi) -> None:
    execution_id, approval = asked(api, payment())
    page = {"headers": {"accept": "text/html"}}
    shown = httpx.get(approval["approve_url"], **page)  # type: ignore[arg-type]
    assert shown.status_code == 200
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("no-referrer", "no-store")
    assert "Pay &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;?" in shown.text
    assert "<script" not in shown.text
    assert "Amount &lt;b&gt; *" in shown.text
    assert '<label for="data.amount">' in shown.text
    bad = httpx.post(approval["approve_url"], data={"data.amount": "much", "data.reason": "goods"})
    assert (bad.status_code, "this is a number" in bad.text, 'value="much"' in bad.text) == (422, True, True)
    good = httpx.post(
        approval["approve_url"],
        data={"data.amount": "3", "data.reason": "goods", "data.urgent": "true", "by": "<i>Eve</i>"},
    )
    assert (good.status_code, "Thank you" in good.text) == (200, True)
    result = results(api.end(execution_id))["ask"]
    assert result["output"] == {"amount": 3, "reason": "goods", "urgent": True}
    again = httpx.get(approval["approve_url"], **page)  # type: ignore[arg-type]
    assert (again.status_code, "&lt;i&gt;Eve&lt;/i&gt;" in again.text) == (410, True)


def test_who_rejects_says_why(api: WorkflowApi) -> None:
    execution_id, approval = asked(api, payment())
    answer = httpx.post(approval["reject_url"], data={"comment": "too much"})
    assert answer.status_code == 200
    execution = api.end(execution_id)
    assert (execution["status"], execution["output"]) == ("succeeded", {"refused": "too much"})


def test_a_link_that_nobody_signed_is_none(api: WorkflowApi) -> None:
    execution_id, approval = asked(api, payment())
    url = approval["approve_url"]
    swapped = url.replace(".approve.", ".reject.")
    changed = url[:-1] + ("A" if url[-1] != "A" else "B")
    for wrong in (swapped, changed, url.rpartition("/")[0] + "/x", url.rpartition("/")[0] + "/a.b.c.d.e"):
        assert httpx.get(wrong).status_code == 404
        assert httpx.post(wrong, json={}).status_code == 404
        assert httpx.get(wrong, headers={"accept": "text/html"}).status_code == 404
    api.http.post(f"/executions/{execution_id}/cancel")
    api.end(execution_id)
    assert httpx.get(url).status_code == 410
    assert httpx.post(url, json={"data": {"amount": 1}}).status_code == 410


def test_nobody_answers_in_time(api: WorkflowApi) -> None:
    document = payment()
    document["nodes"][0]["config"]["expires_after_seconds"] = 4
    execution_id, approval = asked(api, document)
    execution = api.end(execution_id)
    assert (execution["status"], execution["output"]) == ("succeeded", {"late": "expired"})
    assert httpx.post(approval["approve_url"], json={"data": {"amount": 1}}).status_code == 410


def test_links_are_for_those_who_may_run_executions(api: WorkflowApi, stack: LocalStack) -> None:
    execution_id, _ = asked(api, payment())
    made = api.http.post("/api-keys", json={"name": "looks on", "role": "viewer"})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    run = httpx.get(f"{stack.api_url}/api/v1/executions/{execution_id}/nodes/ask", headers=headers).json()
    assert (run["approval"]["title"], run["approval"]["approve_url"]) == ("Payment", None)
    api.http.post(f"/executions/{execution_id}/cancel")


def test_who_is_to_be_told_gets_the_links(api: WorkflowApi, stack: LocalStack) -> None:
    refused = api.run(payment(notify_url="http://169.254.169.254/latest"))
    assert refused["status"] == "failed"
    assert "workflows may not reach" in refused["error"]["message"]
    gone = api.run(payment(notify_url=f"{stack.data_url}/no-such-thing"))
    assert (gone["status"], gone["error"]["field"]) == ("failed", "config.notify_url")


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (
            {"form": {"type": "object", "properties": {"a": {"type": "array"}}}},
            "config.form.properties.a.type",
        ),
        ({"form": {"type": "object", "properties": {"a": {}}, "required": ["b"]}}, "config.form.required.0"),
        ({"expires_after_seconds": 0}, "config.expires_after_seconds"),
        ({"expires_after_seconds": 4_000}, "config"),
    ],
)
def test_what_cannot_be_asked_is_told_when_one_saves(api: WorkflowApi, config: Any, field: str) -> None:
    answer = api.http.post("/workflows/", json=chain(node("ask", "approval", **config)))
    assert answer.status_code == 422, answer.text
    assert field in {problem["field"] for problem in answer.json()["problems"]}
