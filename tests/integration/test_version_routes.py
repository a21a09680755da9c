"""Versions over HTTP: saved three times, compared, restored, published, run."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.workflow_api import WorkflowApi

PROBLEM = "application/problem+json"


def document(text: str, **more: Any) -> dict[str, Any]:
    return {"name": "Greeting", "nodes": [{"id": "say", "type": "output", "config": {"value": text}}], **more}


@pytest.fixture
def workflow_id(api: WorkflowApi, http: httpx.Client) -> str:
    """Saved three times: one, two, and two with a node more."""
    workflow_id = api.save(document("one"))
    assert http.put(f"/workflows/{workflow_id}?message=Say two", json=document("two")).status_code == 200
    third = document("two", connections=[{"source": "say", "target": "again"}])
    third["nodes"].append({"id": "again", "type": "output", "config": {"value": "{{say.output}}"}})
    assert http.put(f"/workflows/{workflow_id}", json=third).status_code == 200
    return workflow_id


def test_the_history_tells_who_when_and_why(http: httpx.Client, workflow_id: str) -> None:
    items = http.get(f"/workflows/{workflow_id}/versions").json()["items"]
    assert [(item["version"], item["author"], item["message"]) for item in items] == [
        (3, "admin", None),
        (2, "admin", "Say two"),
        (1, "admin", None),
    ]
    assert items[0]["created_at"] > items[1]["created_at"] > items[2]["created_at"]
    first = http.get(f"/workflows/{workflow_id}/versions/1").json()
    assert first == items[2] | {"workflow_id": workflow_id, "workflow": document("one")}


def test_two_versions_are_compared(http: httpx.Client, workflow_id: str) -> None:
    answer = http.get(f"/workflows/{workflow_id}/diff", params={"from": "1"})
    again = {"id": "again", "type": "output", "config": {"value": "{{say.output}}"}}
    field = {
        "kind": "changed",
        "field": "config.value",
        "path": ["config", "value"],
        "old": "one",
        "new": "two",
    }
    assert answer.json() == {
        "workflow_id": workflow_id,
        "old_version": 1,
        "new_version": 3,
        "changed": True,
        "reordered": False,
        "fields": [],
        "nodes": [
            {"kind": "changed", "node_id": "say", "node": None, "fields": [field]},
            {"kind": "added", "node_id": "again", "node": again, "fields": []},
        ],
        "connections": [
            {"kind": "added", "source": "say", "target": "again", "old_output": None, "new_output": "main"}
        ],
    }
    same = http.get(f"/workflows/{workflow_id}/diff", params={"from": "2", "to": "2"}).json()
    assert (same["changed"], same["nodes"]) == (False, [])


def test_a_version_is_restored_as_a_new_one(http: httpx.Client, workflow_id: str) -> None:
    etag = http.get(f"/workflows/{workflow_id}").headers["ETag"]
    answer = http.post(f"/workflows/{workflow_id}/versions/1/restore", headers={"If-Match": etag})
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"4"')
    restored = answer.json()
    assert (restored["version"], restored["workflow"]) == (4, document("one"))
    assert restored["message"] == "Restored version 1"
    shown = http.get(f"/workflows/{workflow_id}/versions/4").json()
    assert (shown["restored_from"], shown["workflow"]) == (1, document("one"))
    stale = http.post(f"/workflows/{workflow_id}/versions/2/restore", headers={"If-Match": etag})
    assert stale.status_code == 412


def test_what_is_live_runs_whatever_is_saved(api: WorkflowApi, http: httpx.Client, workflow_id: str) -> None:
    def run(version: str) -> tuple[int, Any]:
        answer = http.post(f"/workflows/{workflow_id}/execute", params={"version": version})
        execution = api.end(answer.json()["id"])
        document = http.get(f"/executions/{execution['id']}/workflow").json()
        assert document["version"] == execution["version"]
        assert (
            document["workflow"]
            == http.get(f"/workflows/{workflow_id}/versions/{execution['version']}").json()["workflow"]
        )
        return execution["version"], execution["output"]["say"]

    refused = http.post(f"/workflows/{workflow_id}/execute", params={"version": "live"})
    assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
    assert "has no live version" in refused.json()["detail"]
    published = http.post(f"/workflows/{workflow_id}/publish", params={"version": 1})
    assert published.status_code == 200
    assert (published.json()["version"], published.json()["live_version"]) == (3, 1)
    assert published.json()["published_by"] == "admin"
    saved = http.put(
        f"/workflows/{workflow_id}",
        json=document("four"),
        headers={"If-Match": published.headers["ETag"]},
    ).json()
    assert (saved["version"], saved["live_version"]) == (4, 1)
    assert [run(version) for version in ("live", "draft", "2")] == [(1, "one"), (4, "four"), (2, "two")]
    assert http.get(f"/workflows/{workflow_id}", params={"version": "live"}).json()["workflow"] == document(
        "one"
    )
    unpublished = http.post(f"/workflows/{workflow_id}/unpublish").json()
    assert (unpublished["live_version"], unpublished["published_at"]) == (None, None)


def test_an_execution_shows_its_document_when_the_workflow_is_gone(
    api: WorkflowApi, http: httpx.Client, workflow_id: str
) -> None:
    execution = api.execute(workflow_id)
    assert http.delete(f"/workflows/{workflow_id}").status_code == 204
    shown = http.get(f"/executions/{execution['id']}/workflow").json()
    assert (shown["workflow_id"], shown["version"], len(shown["workflow"]["nodes"])) == (workflow_id, 3, 2)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/versions/9", 404),
        ("GET", "/versions/0", 422),
        ("GET", "/versions/x", 422),
        ("GET", "/diff", 422),
        ("GET", "/diff?from=latest", 422),
        ("GET", "/diff?from=9", 404),
        ("GET", "/diff?from=live", 409),
        ("GET", "?version=0", 422),
        ("GET", "?version=99999999", 404),
        ("GET", "/plan?version=live", 409),
        ("POST", "/versions/9/restore", 404),
        ("POST", "/versions/1/restore?message=", 422),
        ("POST", "/versions/1/restore?message=" + "x" * 501, 422),
        ("POST", "/publish?version=live", 422),
        ("POST", "/publish?version=9", 404),
        ("POST", "/execute?version=newest", 422),
        ("POST", "/execute?version=9", 404),
    ],
)
def test_what_makes_no_sense_is_a_problem_document(
    http: httpx.Client, api: WorkflowApi, method: str, path: str, status: int
) -> None:
    answer = http.request(method, f"/workflows/{api.save(document('one'))}{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text


@pytest.mark.parametrize("path", ["/publish", "/unpublish", "/versions/1/restore"])
def test_a_workflow_that_is_not_there_is_not_found(http: httpx.Client, path: str) -> None:
    answer = http.post(f"/workflows/wf_none{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:mini-n8n:problem:not-found")
