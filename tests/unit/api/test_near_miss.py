"""Addresses that nearly name a route, methods that a path lacks, and fields that stand in the wrong place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import node

WORKFLOW = {"name": "w", "nodes": [node("a", value=1)]}


@pytest.mark.parametrize(
    ("with_slash", "without"),
    [
        ("/workflows/", "/workflows"),
        ("/executions/", "/executions"),
        ("/node-types/input/", "/node-types/input"),
        ("/cache/stats/", "/cache/stats"),
    ],
)
def test_a_path_is_served_with_and_without_the_slash_at_its_end(
    bench: ApiBench, with_slash: str, without: str
) -> None:
    answers = [bench.send("GET", path) for path in (with_slash, without)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_the_other_slash_takes_a_body_and_asks_for_the_same_permission(bench: ApiBench) -> None:
    saved = bench.send("POST", "/workflows", json=WORKFLOW)
    assert saved.status_code == 201
    assert bench.send("GET", f"/workflows/{saved.json()['id']}/").json()["name"] == "w"
    refused = bench.send_bare("GET", "/api/v1/workflows")
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:mini-n8n:problem:unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("GET", "/api/v1/workflow/", "/api/v1/workflows/"),
        ("GET", "/workflows", "/api/v1/workflows/"),
        ("GET", "/v1/workflows/", "/api/v1/workflows/"),
        ("GET", "/api/v2/executions", "/api/v1/executions"),
        ("POST", "/api/workflows/wf_1/exec", "/api/v1/workflows/wf_1/execute"),
        ("POST", "/api/v1/workflows/wf_1/exectue", "/api/v1/workflows/wf_1/execute"),
        ("GET", "/api/v1/Workflows/wf_1/version", "/api/v1/workflows/wf_1/versions"),
        ("PUT", "/api/v1/credential/mine", "/api/v1/credentials/mine"),
        ("GET", "/healthz", "/health"),
        ("GET", "/api/v1/health", "/health"),
        ("POST", "/webhook/shop", "/webhooks/shop"),
        ("POST", "/api/v1/webhooks/shop", "/webhooks/shop"),
    ],
)
def test_a_path_that_is_misspelt_is_told_what_was_meant(
    bench: ApiBench, method: str, path: str, near: str
) -> None:
    answer = bench.send_bare(method, path)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (404, "urn:mini-n8n:problem:not-found")
    assert problem["detail"] == f"There is nothing at {path}; did you mean {near}?"


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/api/v1", "/api/v1/nothing", "/docs/x", "/webhooks/x", f"/workflows/{'x' * 400}"],
)
def test_a_path_like_no_other_is_sent_to_the_documentation(bench: ApiBench, path: str) -> None:
    answer = bench.send_bare("GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == f"There is nothing at {path}; /docs lists what there is."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/api/v1/workflows/", "GET, POST"),
        ("PATCH", "/api/v1/workflows", "GET, POST"),
        ("PATCH", "/api/v1/workflows/wf_1", "DELETE, GET, PUT"),
        ("GET", "/api/v1/workflows/wf_1/execute", "POST"),
        ("POST", "/health", "GET"),
    ],
)
def test_a_method_that_a_path_lacks_is_told_all_that_it_takes(
    bench: ApiBench, method: str, path: str, allowed: str
) -> None:
    answer = bench.send_bare(method, path)
    assert (answer.status_code, answer.json()["type"]) == (405, "urn:mini-n8n:problem:method-not-allowed")
    assert answer.headers["allow"] == allowed
    assert f"takes {allowed}, not {method}." in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "cure"),
    [
        ("publish", {"version": 2}, "send `version` in the query: ?version=2."),
        ("publish", {"version": {"number": 2}, "note": 1}, "send `version` in the query: ?version=...."),
        ("publish", [2], "leave it out."),
        ("unpublish", {"version": 2}, "leave it out."),
        (
            "recompile",
            {"dry_run": True, "message": "a b"},
            "send `message` and `dry_run` in the query: ?message=a+b&dry_run=true.",
        ),
        ("versions/1/restore", {"message": "back"}, "send `message` in the query: ?message=back."),
    ],
)
def test_a_body_that_a_route_does_not_take_is_refused_with_its_place(
    bench: ApiBench, path: str, body: Any, cure: str
) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    answer = bench.send("POST", f"/workflows/{workflow_id}/{path}", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["problems"][0]["field"]) == (422, "body")
    assert problem["detail"].endswith(f"/{path} takes no body; {cure}")
    head = bench.send("GET", f"/workflows/{workflow_id}").json()
    assert (head["live_version"], head["version"]) == (None, 1)


@pytest.mark.parametrize("body", [b"no json \xff", b"[" * 100_000, b'{"version": ' + b"9" * 5_000 + b"}"])
def test_a_body_that_nobody_reads_may_be_anything_and_is_refused(bench: ApiBench, body: bytes) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    answer = bench.send("POST", f"/workflows/{workflow_id}/publish", content=body)
    assert (answer.status_code, "takes no body; leave it out" in answer.text) == (422, True)


@pytest.mark.parametrize("body", [b"", b"{}", b" null\n"])
def test_a_body_that_says_nothing_is_none(bench: ApiBench, body: bytes) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    answer = bench.send("POST", f"/workflows/{workflow_id}/publish", content=body)
    assert (answer.status_code, answer.json().get("live_version")) == (200, 1)


def test_a_field_of_a_body_that_belongs_in_the_query_is_told_so(bench: ApiBench) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    answer = bench.send("POST", f"/workflows/{workflow_id}/execute", json={"version": "live", "input": {}})
    told = {problem["field"]: problem["message"] for problem in answer.json()["problems"]}
    assert answer.status_code == 422
    assert told == {
        "version": "it is no field of the body; send `version` in the query: ?version=live",
        "input": "there is no field 'input'; did you mean 'inputs'?",
    }
    assert bench.send("GET", f"/workflows/{workflow_id}/executions").json()["items"] == []


VERSION = "must be `draft` (the last that was saved), `live` (the published one) or a number from 1"


@pytest.mark.parametrize(
    ("method", "path", "field", "told"),
    [
        ("GET", "/workflows/{id}?version=newest", "query.version", VERSION),
        ("POST", "/workflows/{id}/execute?version=0", "query.version", VERSION),
        ("GET", "/workflows/{id}/diff?from=x", "query.from", VERSION),
        ("GET", "/workflows/{id}/diff", "query.from", "is required; add it"),
        (
            "POST",
            "/workflows/{id}/publish?version=live",
            "query.version",
            "must be `draft` (the last that was saved) or the number of a version, from 1",
        ),
        (
            "GET",
            "/workflows/{id}/versions/draft",
            "path.version",
            "must be the number of a version, from 1; GET …/versions lists them",
        ),
        ("GET", "/workflows/?limit=many", "query.limit", "must be a whole number"),
        ("GET", "/workflows/?limit=500", "query.limit", "must be 100 or less"),
        ("POST", "/workflows/{id}/execute?wait=long", "query.wait", "must be a number"),
        (
            "GET",
            "/executions?started_after=monday",
            "query.started_after",
            "must be a time such as 2026-01-31T12:00:00Z",
        ),
    ],
)
def test_a_parameter_that_does_not_fit_is_told_in_words(
    bench: ApiBench, method: str, path: str, field: str, told: str
) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    answer = bench.send(method, path.replace("{id}", workflow_id))
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"], problem["message"]) == (422, field, told)
    assert problem["code"] == ("missing_parameter" if told == "is required; add it" else "bad_value")
    assert answer.json()["detail"] == f"The request does not fit: {field}: {told}"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/templates/blog-writer", "There is no template 'blog-writer'; did you mean 'blog_writer'?"),
        ("/templates/zzz", "There is no template 'zzz'."),
        ("/node-types/htpp", "There is no node type 'htpp'; did you mean 'http'?"),
        ("/workflows/{id}/versions/7", "There is no version 7 of workflow '{id}'."),
        ("/workflows/{id}?version=7", "There is no version 7 of workflow '{id}'."),
    ],
)
def test_a_name_that_there_is_not_is_told_with_one_that_there_is(
    bench: ApiBench, path: str, told: str
) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    answer = bench.send("GET", path.replace("{id}", workflow_id))
    assert (answer.status_code, answer.json()["detail"]) == (404, told.replace("{id}", workflow_id))


@pytest.mark.parametrize(
    ("path", "status"), [("/workflows/", 200), ("/workflows/nothing", 404), ("/me", 200)]
)
def test_head_is_answered_as_get_without_the_body(bench: ApiBench, path: str, status: int) -> None:
    head, got = bench.send("HEAD", path), bench.send("GET", path)
    assert (head.status_code, head.content) == (got.status_code, b"") == (status, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


def test_head_of_what_is_only_posted_is_told_so(bench: ApiBench) -> None:
    answer = bench.send("HEAD", "/workflows/wf_1/execute")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_workflow_as_it_was_read_is_not_sent_back_whole(bench: ApiBench) -> None:
    saved = bench.send("POST", "/workflows/", json=WORKFLOW).json()
    answer = bench.send("PUT", f"/workflows/{saved['id']}", json=saved)
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"]) == (422, "workflow")
    assert problem["message"].startswith("Send the document itself: what stands in `workflow`")
    assert bench.send("PUT", f"/workflows/{saved['id']}", json=saved["workflow"]).status_code == 200


def test_the_examples_of_the_documentation_are_taken(bench: ApiBench) -> None:
    document = bench.send_bare("GET", "/openapi.json").json()
    for path in ("/workflows/", "/workflows/import", "/api-keys"):
        body = document["paths"][f"/api/v1{path}"]["post"]["requestBody"]["content"]["application/json"]
        example = json.dumps(body["example"]).replace('"output"', '"call"')
        answer = bench.send("POST", path, content=example.encode())
        assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("version", [[], 1.5, "", True, "newest", 0, {"number": 1}])
def test_a_version_in_a_body_is_told_in_words(bench: ApiBench, version: Any) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    execution_id = bench.send("POST", f"/workflows/{workflow_id}/execute").json()["id"]
    answer = bench.send("POST", f"/executions/{execution_id}/retry", json={"version": version})
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"], VERSION in problem["message"]) == (422, "version", True)


@pytest.mark.parametrize("version", [2, "2", "draft", None])
def test_a_version_in_a_body_is_a_number_or_a_word(bench: ApiBench, version: Any) -> None:
    workflow_id = bench.send("POST", "/workflows/", json=WORKFLOW).json()["id"]
    execution_id = bench.send("POST", f"/workflows/{workflow_id}/execute").json()["id"]
    bench.send("PUT", f"/workflows/{workflow_id}", json=WORKFLOW | {"nodes": [node("a", value=2)]})
    answer = bench.send("POST", f"/executions/{execution_id}/retry", json={"version": version})
    # It succeeded: its own version has nothing to be tried again.
    assert answer.status_code == (409 if version is None else 202), answer.text
