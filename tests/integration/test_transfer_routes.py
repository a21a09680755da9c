"""Export, import and templates over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from engine.json_equality import equal_json
from tests.integration.test_examples import NAMES, document
from tests.integration.workflow_api import WorkflowApi

PROBLEM = "application/problem+json"
SECRET = "marked-s3cret-8d1f"


@pytest.fixture
def credential(http: httpx.Client) -> str:
    body = {"kind": "bearer", "values": {"token": SECRET}}
    assert http.put("/credentials/export-crm", json=body).status_code in (200, 201)
    return "export-crm"


def calling(credential: str) -> dict[str, Any]:
    config = {"url": "https://crm.example.com/", "credential": credential}
    return {"name": "CRM & more", "nodes": [{"id": "call", "type": "http", "config": config}]}


def test_a_round_trip_is_exact_for_every_example(api: WorkflowApi, http: httpx.Client) -> None:
    documents = {api.save(document(name)): document(name) for name in NAMES}
    answer = http.get("/workflows/export", params={"id": list(documents)})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="workflows.json"'
    exported = answer.json()
    assert {item["id"]: item["workflow"] for item in exported["workflows"]} == documents
    report = http.post("/workflows/import", params={"ids": "new"}, json=exported).json()
    assert [item["source_id"] for item in report["workflows"]] == list(documents)
    for item in report["workflows"]:
        assert item["outcome"] == "renamed"
        imported = http.get(f"/workflows/{item['id']}").json()
        assert equal_json(imported["workflow"], documents[item["source_id"]])
        assert imported["message"] == "Imported"


def test_a_file_names_credentials_and_holds_no_secret(
    api: WorkflowApi, http: httpx.Client, credential: str
) -> None:
    workflow_id = api.save(calling(credential))
    answer = http.get(f"/workflows/{workflow_id}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="crm-more.json"'
    assert SECRET not in answer.text
    uses = [{"workflow": workflow_id, "node": "call"}]
    assert answer.json()["credentials"] == [{"name": credential, "kind": "bearer", "used_by": uses}]


def test_a_secret_that_is_written_out_is_not_exported(api: WorkflowApi, http: httpx.Client) -> None:
    config = {"url": "https://crm.example.com/", "headers": {"Authorization": f"Bearer {SECRET}"}}
    workflow_id = api.save({"name": "W", "nodes": [{"id": "call", "type": "http", "config": config}]})
    answer = http.get(f"/workflows/{workflow_id}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert SECRET not in answer.text
    (problem,) = answer.json()["problems"]
    assert (problem["node"], problem["field"]) == ("call", "config.headers.Authorization")
    allowed = http.get(f"/workflows/{workflow_id}/export", params={"allow_literals": True})
    assert allowed.json()["workflows"][0]["workflow"]["nodes"][0]["config"] == config


def test_an_import_reports_conflicts_before_it_saves(
    api: WorkflowApi, http: httpx.Client, credential: str
) -> None:
    workflow_id = api.save(calling(credential))
    exported = http.get(f"/workflows/{workflow_id}/export").json()
    changed = calling("not-stored")
    assert http.put(f"/workflows/{workflow_id}", json=changed).status_code == 200

    def send(**options: Any) -> httpx.Response:
        return http.post("/workflows/import", params=options, json=exported)

    told = send(dry_run=True).json()
    assert told == {
        "dry_run": True,
        "workflows": [
            {
                "source_id": workflow_id,
                "name": "CRM & more",
                "outcome": "conflict",
                "id": workflow_id,
                "version": None,
            }
        ],
        "missing_credentials": [],
    }
    refused = send()
    assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
    assert workflow_id in refused.json()["detail"]
    assert http.get(f"/workflows/{workflow_id}").json()["version"] == 2
    renamed = send(on_conflict="rename").json()["workflows"][0]
    assert (renamed["outcome"], renamed["version"]) == ("renamed", 1)
    version = send(on_conflict="version", message="From the backup").json()["workflows"][0]
    assert (version["outcome"], version["id"], version["version"]) == ("version", workflow_id, 3)
    assert http.get(f"/workflows/{workflow_id}").json()["message"] == "From the backup"
    assert send().json()["workflows"][0]["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "format"),
        ({"format": "mini-n8n.workflows", "format_version": 9}, "format_version"),
        ({"format": "mini-n8n.workflows", "format_version": 1, "workflows": []}, "workflows"),
        (
            {
                "format": "mini-n8n.workflows",
                "format_version": 1,
                "workflows": [{"id": "wf_" + "0" * 26, "workflow": {"name": "N", "nodes": []}}],
            },
            "workflows[0].workflow.nodes",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_a_problem_document(
    http: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = http.post("/workflows/import", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["problems"][0]["field"] == field


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/workflows/export", 422),
        ("/workflows/export?id=", 422),
        ("/workflows/export?id=wf_none", 404),
        ("/workflows/export?id=a&version=x", 422),
        ("/workflows/export?" + "&".join(f"id={number}" for number in range(21)), 422),
        ("/workflows/wf_none/export", 404),
        ("/templates/none", 404),
        ("/templates/..%2Fblog_writer", 404),
    ],
)
def test_what_cannot_be_exported_is_a_problem_document(http: httpx.Client, path: str, status: int) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text


def test_the_gallery_has_every_example(http: httpx.Client) -> None:
    items = http.get("/templates").json()["items"]
    assert [item["name"] for item in items] == list(NAMES)
    detail = http.get("/templates/blog_writer").json()
    assert detail.pop("workflow") == document("blog_writer")
    assert detail == items[0]


def test_a_template_becomes_a_workflow_that_runs(api: WorkflowApi, http: httpx.Client) -> None:
    body = {"name": "Our answers", "variables": {"customer": "Grace", "urgent_from": "normal"}}
    answer = http.post("/templates/support_triage/instantiate", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["Location"].endswith(f"/api/v1/workflows/{made['id']}")
    assert (made["name"], made["version"], made["live_version"]) == ("Our answers", 1, None)
    assert made["message"] == "From the template support_triage"
    nodes = {node["id"]: node["config"] for node in made["workflow"]["nodes"]}
    assert (nodes["customer"]["default"], nodes["urgent"]["right"]) == ("Grace", "normal")
    execution = api.execute(made["id"])
    assert execution["status"] == "succeeded"
    assert execution["inputs"]["customer"] == "Grace"


def test_a_template_without_values_is_the_example(http: httpx.Client) -> None:
    made = http.post("/templates/translation/instantiate").json()
    assert made["workflow"] == document("translation")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"variables": {"limit": 5}}, "variables.base_url"),
        ({"variables": {"base_url": "u", "limit": "5"}}, "variables.limit"),
        ({"variables": {"base_url": "u", "limit": 101}}, "variables.limit"),
        ({"variables": {"base_url": "u", "depth": "deep"}}, "variables.depth"),
        ({"variables": {"base_url": "u", "deepth": "company"}}, "variables.deepth"),
        ({"variables": []}, "variables"),
        ({"name": "", "variables": {"base_url": "u"}}, "name"),
        ({"values": {}}, "values"),
    ],
)
def test_values_that_do_not_fit_are_told_by_variable(
    http: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = http.post("/templates/data_enrichment/instantiate", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["problems"][0]["field"] == field
