"""Health, documentation, catalogue, cache, credentials, files, and errors of our own."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from engine.errors import MiniN8nError, UnavailableError
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import node

# Health


@pytest.mark.parametrize("error", [UnavailableError("away"), ValueError("ResourceNotFoundException")])
def test_health_tells_which_part_is_failing(bench: ApiBench, error: Exception) -> None:
    def fail() -> None:
        raise error

    assert bench.send_bare("GET", "/health").json()["status"] == "ok"
    bench.health_checks["cache"] = fail
    answer = bench.send_bare("GET", "/health")
    checks = answer.json()["checks"]
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    assert {name: check["status"] for name, check in checks.items()} == {"tables": "ok", "cache": "failing"}
    assert str(error) not in answer.text


# Documentation


def test_the_page_loads_nothing_from_elsewhere(bench: ApiBench) -> None:
    page = bench.send_bare("GET", "/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs-assets/{asset}" in page.text
        answer = bench.send_bare("GET", f"/docs-assets/{asset}")
        assert answer.status_code == 200
        assert len(answer.content) > 500
        plain = bench.send_bare("GET", f"/docs-assets/{asset}", headers={"accept-encoding": "identity"})
        assert (answer.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
        assert plain.content == answer.content


@pytest.mark.parametrize("name", ["redoc.standalone.js", "..%2f__init__.py", "none"])
def test_the_page_has_no_other_assets(bench: ApiBench, name: str) -> None:
    assert bench.send_bare("GET", f"/docs-assets/{name}").status_code == 404


def test_the_openapi_document_is_valid_and_describes_problems(bench: ApiBench) -> None:
    document = bench.send_bare("GET", "/openapi.json").json()
    validate(document)
    assert "ProblemDocument" in document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("description"), f"{method} {path} says nothing"
            if path.startswith("/api/v1"):
                # Nobody signs in to answer an approval: the link is the right.
                needed = {"422", "503"} if "/approvals/{token}" in path else {"401", "422", "503"}
                assert needed <= set(operation["responses"]), path
        for parameter in (p for operation in item.values() for p in operation.get("parameters", ())):
            assert parameter["in"] == "path" or parameter.get("description"), f"{path}: {parameter['name']}"
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    schemas = document["components"]["schemas"]
    assert {"Workflow-Input", "ExecuteRequest-Input", "CredentialRequest-Input"} <= names <= schemas.keys()
    assert "#/$defs" not in json.dumps(document)
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


# Errors of our own


@pytest.mark.parametrize("error", [RuntimeError("a secret inside"), MiniN8nError("a secret inside")])
def test_a_bug_is_a_problem_document_that_says_nothing_of_the_inside(
    bench: ApiBench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(bench.workflows, "list_heads", fail)
    answer = bench.send("GET", "/workflows/")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "urn:mini-n8n:problem:internal"
    assert "secret" not in answer.text


# Catalogue


def test_every_node_type_shows_schemas_to_draw_a_form_from(bench: ApiBench) -> None:
    listed = bench.send("GET", "/node-types").json()["items"]
    names = [item["type"] for item in listed]
    assert names == sorted(names)
    assert {"input", "llm", "image", "video", "http", "conditional", "switch", "transform", "output"} < set(
        names
    )
    for item in listed:
        detail = bench.send("GET", f"/node-types/{item['type']}").json()
        schemas = {detail.pop(name)["type"] for name in ("config_schema", "input_schema", "output_schema")}
        assert (detail, schemas) == (item, {"object"})


@pytest.mark.parametrize("name", ["nothing", "x" * 201, "%00", "../health"])
def test_an_unknown_node_type_is_not_found(bench: ApiBench, name: str) -> None:
    assert bench.send("GET", f"/node-types/{name}").status_code in (404, 422)


# Cache


def test_the_cache_tells_what_it_saved_and_forgets(bench: ApiBench) -> None:
    document = {"name": "N", "nodes": [node("a", value=1, cache_ttl_seconds=60)]}
    workflow_id = bench.send("POST", "/workflows/", json=document).json()["id"]
    assert bench.send("GET", "/cache/stats").json() == {
        "hits": 0,
        "misses": 0,
        "hit_ratio": None,
        "node_types": {},
    }
    for _ in range(3):
        bench.send("POST", f"/workflows/{workflow_id}/execute")
    counter = {"hits": 2, "misses": 1, "hit_ratio": 0.6667}
    assert bench.send("GET", "/cache/stats").json() == counter | {"node_types": {"call": counter}}
    assert bench.send("DELETE", "/cache?node_type=llm").json() == {"deleted": 0}
    assert bench.send("DELETE", "/cache").json() == {"deleted": 1}
    assert bench.send("GET", "/cache/stats").json()["hits"] == 0


# Credentials

SECRET = "s3cret-value-of-mine"


def put(bench: ApiBench, name: str = "mine", **body: Any) -> Any:
    asked = {"kind": "bearer", "values": {"token": SECRET}} | body
    return bench.send("PUT", f"/credentials/{name}", json=asked)


def test_a_value_goes_in_and_never_comes_out(bench: ApiBench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [put(bench, description="for the API"), put(bench), bench.send("GET", "/credentials")]
        answers.append(bench.send("GET", "/credentials/mine"))
        answers.append(put(bench, kind=SECRET))
        answers.append(put(bench, values={"token": {"x": SECRET}}))
        answers.append(put(bench, values={SECRET: "x", "token": SECRET}))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 422, 422, 422]
    assert not any(SECRET in answer.text for answer in answers[:4])
    assert SECRET not in answers[5].text
    assert SECRET not in caplog.text
    assert bench.credentials.values("mine") == ("bearer", {"token": SECRET})
    assert answers[3].json() == {
        "name": "mine",
        "kind": "bearer",
        "parts": ["token"],
        "description": None,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "owner": "admin",
        "groups": [],
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "other"}, "kind"),
        ({"values": {}}, "values"),
        ({"values": {"token": "x", "more": "y"}}, "values"),
        ({"values": {"token": ""}}, "values.token"),
        ({"values": {"token": "a\nb"}}, "values.token"),
        ({"values": {"token": "x" * 16_001}}, "values.token"),
        ({"values": {"token": 5}}, "values.token"),
        ({"extra": 1}, "extra"),
        ({"description": "x" * 1_001}, "description"),
    ],
)
def test_a_credential_that_does_not_fit_names_the_field(
    bench: ApiBench, body: dict[str, Any], field: str
) -> None:
    answer = put(bench, **body)
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, field)


@pytest.mark.parametrize("name", ["a b", ".x", "x" * 129, "%F0%9F%98%80", "a%00b"])
def test_a_name_that_no_secret_can_have_is_refused(bench: ApiBench, name: str) -> None:
    assert put(bench, name).status_code == 422


def test_a_credential_is_deleted_once(bench: ApiBench) -> None:
    put(bench)
    assert bench.send("DELETE", "/credentials/mine").status_code == 204
    for method in ("GET", "DELETE"):
        assert bench.send(method, "/credentials/mine").status_code == 404


# Files


def test_a_file_link_goes_on_to_the_store_without_a_key(bench: ApiBench) -> None:
    bench.blobs.put("files/ex_1/token/picture.png", b"png", "image/png")
    answer = bench.send_bare("GET", "/files/ex_1/token/picture.png")
    assert answer.status_code == 307
    assert answer.headers["location"] == "memory://files/ex_1/token/picture.png?expires_seconds=300"


@pytest.mark.parametrize(
    "path", ["ex_1/token/none.png", "ex_1/../executions", "a/b/" + "x" * 201, "a/b/%00", "a/b"]
)
def test_a_file_that_is_not_there_is_not_found(bench: ApiBench, path: str) -> None:
    bench.blobs.put("executions/ex_1/a/result.json", b"{}")
    assert bench.send_bare("GET", f"/files/{path}").status_code in (404, 422)


def test_answers_are_json_that_every_client_reads(bench: ApiBench) -> None:
    document = {"name": "Grüße 漢字 😀", "nodes": [node("a", value="\u2028")]}
    answer = bench.send("POST", "/workflows/", json=document)
    assert json.loads(answer.content)["name"] == document["name"]


def test_requests_are_timed_and_refusals_counted(bench: ApiBench) -> None:
    assert bench.send("GET", "/workflows/").status_code == 200
    assert bench.send("GET", "/workflows/nothing").status_code == 404
    assert bench.send_bare("GET", "/api/v1/workflows/").status_code == 401
    assert len(bench.metrics.durations("RequestDuration")) == 3
    assert bench.metrics.total("RequestsRefused") == bench.metrics.total("RequestsRefused", status="401") == 1
    assert bench.send("POST", "/workflows/nothing/execute?wait=1").status_code == 404
    assert len(bench.metrics.durations("RequestDuration")) == 3


# Query parameters


@pytest.mark.parametrize(
    ("method", "path", "field", "told"),
    [
        ("POST", "/workflows/{id}/publish?versoin=1", "query.versoin", "did you mean 'version'?"),
        ("GET", "/executions?statu=failed&limit=5", "query.statu", "did you mean 'status'?"),
        ("POST", "/workflows/{id}/execute?wait=1&zz=1", "query.zz", "there is "),
        ("DELETE", "/cache?all=1", "query.all", "there is "),
        ("GET", "/me?x=1", "query.x", "there is none here"),
    ],
)
def test_a_parameter_that_there_is_not_is_refused(
    bench: ApiBench, method: str, path: str, field: str, told: str
) -> None:
    workflow_id = bench.send("POST", "/workflows/", json={"name": "w", "nodes": [node("a")]}).json()["id"]
    answer = bench.send(method, path.replace("{id}", workflow_id))
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"], problem["code"]) == (422, field, "unknown_parameter")
    assert told in problem["message"]
    assert bench.send("GET", f"/workflows/{workflow_id}").json()["live_version"] is None
