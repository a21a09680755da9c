from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import PUBLIC_URL, connect, node


def document(*nodes: Any, **more: Any) -> dict[str, Any]:
    return {"name": "Mine", "nodes": list(nodes) or [node("a", value=1)], **more}


def create(bench: ApiBench, *nodes: Any, **more: Any) -> dict[str, Any]:
    answer = bench.send("POST", "/workflows/", json=document(*nodes, **more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_saved_workflow_says_where_it_is_and_at_which_revision(bench: ApiBench) -> None:
    answer = bench.send("POST", "/workflows/", json=document(description="d", tags=["x"]))
    found = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PUBLIC_URL}/api/v1/workflows/{found['id']}"
    assert answer.headers["etag"] == '"1"'
    assert found == {
        "id": found["id"],
        "name": "Mine",
        "description": "d",
        "tags": ["x"],
        "revision": 1,
        "version": 1,
        "live_version": None,
        "published_at": None,
        "published_by": None,
        "saved_at": "2026-01-01T00:00:00Z",
        "author": "admin",
        "owner": "admin",
        "groups": [],
        "message": None,
        "node_count": 1,
        "mode": "standard",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "workflow": document(description="d", tags=["x"]),
        "state_machine_version_arn": found["state_machine_version_arn"],
    }
    read = bench.send("GET", f"/workflows/{found['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, found, '"1"')


def test_all_problems_of_a_document_come_at_once(bench: ApiBench) -> None:
    broken = document(node("a", "nothing"), node("b", wrong=1), connections=connect("a>c"))
    answer = bench.send("POST", "/workflows/", json=broken)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["type"], problem["title"], problem["detail"], problem["instance"]) == (
        "urn:mini-n8n:problem:invalid-document",
        "Unprocessable Content" if problem["title"].endswith("Content") else "Unprocessable Entity",
        "The workflow has 3 problems.",
        "/api/v1/workflows/",
    )
    assert {(item["node"], item["field"]) for item in problem["problems"]} == {
        ("a", "type"),
        ("b", "config.wrong"),
        (None, "connections[0].target"),
    }
    report = bench.send("POST", "/workflows/validate", json=broken)
    assert report.status_code == 200
    assert report.json() == {"valid": False, "problems": problem["problems"]}
    assert bench.send("GET", "/workflows/").json() == {"items": [], "cursor": None}


def test_a_good_document_is_valid_and_not_saved(bench: ApiBench) -> None:
    answer = bench.send("POST", "/workflows/validate", json=document())
    assert answer.json() == {"valid": True, "problems": []}
    assert bench.send("GET", "/workflows/").json()["items"] == []


def test_a_save_needs_the_revision_that_was_read(bench: ApiBench) -> None:
    workflow_id = create(bench)["id"]
    path = f"/workflows/{workflow_id}"
    saved = bench.send("PUT", path, json=document(name="Two"), headers={"If-Match": '"1"'})
    assert (saved.status_code, saved.headers["etag"], saved.json()["version"]) == (200, '"2"', 2)
    stale = bench.send("PUT", path, json=document(name="Three"), headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["type"] == "urn:mini-n8n:problem:revision-conflict"
    assert "is at revision 2, not 1" in stale.json()["detail"]
    assert bench.send("GET", path).json()["name"] == "Two"


@pytest.mark.parametrize("value", ["*", '"1"', "1", 'W/"1"', ' "1" '])
def test_an_if_match_that_fits_lets_the_save_through(bench: ApiBench, value: str) -> None:
    workflow_id = create(bench)["id"]
    saved = bench.send("PUT", f"/workflows/{workflow_id}", json=document(), headers={"If-Match": value})
    assert saved.status_code == 200


@pytest.mark.parametrize("value", ["x", '"1", "2"', "-1", "", '"99999999999999999999"', "1.0"])
def test_an_if_match_that_is_no_etag_of_ours_is_refused(bench: ApiBench, value: str) -> None:
    workflow_id = create(bench)["id"]
    refused = bench.send("PUT", f"/workflows/{workflow_id}", json=document(), headers={"If-Match": value})
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "If-Match")


def test_a_workflow_is_deleted_at_its_revision(bench: ApiBench) -> None:
    path = f"/workflows/{create(bench)['id']}"
    assert bench.send("DELETE", path, headers={"If-Match": '"7"'}).status_code == 412
    gone = bench.send("DELETE", path, headers={"If-Match": '"1"'})
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert bench.send(method, path).status_code == 404
    assert bench.send("PUT", path, json=document()).status_code == 404


def test_a_workflow_with_running_executions_is_kept(bench: ApiBench) -> None:
    bench.runs = False
    workflow_id = create(bench)["id"]
    bench.send("POST", f"/workflows/{workflow_id}/execute")
    refused = bench.send("DELETE", f"/workflows/{workflow_id}")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mini-n8n:problem:conflict")


def test_versions_are_listed_newest_first_and_read_one_by_one(bench: ApiBench) -> None:
    workflow_id = create(bench, name="v1")["id"]
    for number in (2, 3):
        bench.send("PUT", f"/workflows/{workflow_id}", json=document(name=f"v{number}"))
    listed = bench.send("GET", f"/workflows/{workflow_id}/versions?limit=2").json()
    assert [(item["version"], item["name"]) for item in listed["items"]] == [(3, "v3"), (2, "v2")]
    rest = bench.send("GET", f"/workflows/{workflow_id}/versions?cursor={listed['cursor']}").json()
    assert ([item["version"] for item in rest["items"]], rest["cursor"]) == ([1], None)
    for path in ("versions/1", "?version=1"):
        separator = "" if path.startswith("?") else "/"
        found = bench.send("GET", f"/workflows/{workflow_id}{separator}{path}").json()
        assert (found["version"], found["workflow"]["name"]) == (1, "v1")


@pytest.mark.parametrize(
    ("version", "status"), [("4", 404), ("0", 422), ("-1", 422), ("x", 422), ("9" * 30, 422)]
)
def test_a_version_that_is_not_there_is_told_so(bench: ApiBench, version: str, status: int) -> None:
    workflow_id = create(bench)["id"]
    for path in (f"/versions/{version}", f"?version={version}", f"/plan?version={version}"):
        assert bench.send("GET", f"/workflows/{workflow_id}{path}").status_code == status


def test_workflows_are_listed_newest_first_page_by_page(bench: ApiBench) -> None:
    made = []
    for number in range(5):
        bench.clock.advance(1)
        made.append(create(bench, name=f"w{number}")["id"])
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = bench.send("GET", f"/workflows/?limit=2{cursor}").json()
        found += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['cursor']}"
    assert (found, page["cursor"]) == (made[::-1], None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=abc", "cursor=" + "a" * 2_001, "cursor=%00"]
)
@pytest.mark.parametrize("path", ["/workflows/", "/executions", "/credentials"])
def test_a_limit_or_cursor_that_makes_no_sense_is_refused(bench: ApiBench, path: str, query: str) -> None:
    refused = bench.send("GET", f"{path}?{query}")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mini-n8n:problem:invalid-request")


def test_a_cursor_of_another_list_is_refused(bench: ApiBench) -> None:
    for _ in range(2):
        create(bench)
    cursor = bench.send("GET", "/workflows/?limit=1").json()["cursor"]
    refused = bench.send("GET", f"/executions?cursor={cursor}")
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "cursor")


def test_the_plan_shows_the_definition_and_what_the_compiler_knows(bench: ApiBench) -> None:
    found = create(bench)
    plan = bench.send("GET", f"/workflows/{found['id']}/plan").json()
    assert plan["definition"] == bench.machines.definition(found["state_machine_version_arn"])
    assert plan["report"]["states"] >= 1 if "states" in plan["report"] else plan["report"]


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1", "/plan", "/executions", "/executions/ex_1"])
def test_an_unknown_workflow_is_not_found(bench: ApiBench, path: str) -> None:
    answer = bench.send("GET", f"/workflows/wf_none{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:mini-n8n:problem:not-found")
