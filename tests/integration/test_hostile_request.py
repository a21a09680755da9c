"""Requests that a stranger may send, at the real door: each is answered, none with an error of ours."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from infra.local.stack import LocalStack
from tests.integration.documents import node, workflow
from tests.integration.workflow_api import WorkflowApi

IDS = [
    "x" * 190,
    "%00",
    "%F0%9F%98%80",
    "a%2Fb",
    "..%2F..",
    "'; DROP",
    "META",
    "wf_01%20",
    "\u00e9",
    "x" * 3_000,
]
ROUTES = [
    ("GET", "/workflows/{}"),
    ("PUT", "/workflows/{}"),
    ("DELETE", "/workflows/{}"),
    ("GET", "/workflows/{}/versions"),
    ("GET", "/workflows/{}/plan"),
    ("POST", "/workflows/{}/execute"),
    ("GET", "/workflows/{}/executions"),
    ("GET", "/executions/{}"),
    ("GET", "/executions/{}/nodes/a/items"),
    ("POST", "/executions/{}/cancel"),
    ("GET", "/node-types/{}"),
    ("GET", "/credentials/{}"),
    ("DELETE", "/credentials/{}"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_id_of_any_shape_is_told_not_to_exist(http: httpx.Client, method: str, path: str) -> None:
    for found in IDS:
        body: Any = {"json": workflow(node("a", "transform"))} if method == "PUT" else {}
        answer = http.request(method, path.format(found), **body)
        assert answer.status_code in (404, 405, 414, 422), f"{found[:40]}: {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["files/a/b/" + "x" * 190, "files/%00/b/c", "files/a/b/%F0%9F%98%80"])
def test_a_file_of_any_name_is_told_not_to_exist(stack: LocalStack, name: str) -> None:
    assert httpx.get(f"{stack.api_url}/{name}", timeout=30).status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/workflows/", {"cursor": "AAAA"}),
        ("/executions", {"cursor": "x" * 1_999}),
        ("/executions", {"started_after": "0001-01-01T00:00:00+14:00"}),
        ("/executions", {"started_before": "9999-12-31T23:59:59-12:00"}),
        ("/executions", {"workflow_id": "\x00"}),
        ("/executions", {"workflow_id": ""}),
        ("/cache/stats", {"x": "y" * 4_000}),
        ("/credentials", {"limit": "9" * 50}),
    ],
)
def test_a_query_of_any_kind_is_answered(http: httpx.Client, path: str, query: dict[str, str]) -> None:
    assert http.get(path, params=query).status_code in (200, 422)


@pytest.mark.parametrize("size", [5_300_000, 6_500_000, 11_000_000])
def test_a_body_that_is_too_large_is_told_so(http: httpx.Client, size: int) -> None:
    answer = http.post("/workflows/", content=b'{"name": "' + b"x" * size + b'"}')
    assert answer.status_code == 413


@pytest.mark.parametrize(("size", "status"), [(300_000, 201), (900_000, 201), (1_100_000, 422)])
def test_a_large_document_is_saved_and_shown_or_refused(api: WorkflowApi, size: int, status: int) -> None:
    # Six bytes of JSON each; in an answer of Lambda's, JSON within JSON, they are ten.
    text = '"ü\n' * (size // 600)
    nodes = [node(f"n{number}", "transform", set={"text": text}) for number in range(100)]
    answer = api.http.post("/workflows/", json=workflow(*nodes))
    assert answer.status_code == status, answer.text[:500]
    if status == 201:
        read = api.http.get(f"/workflows/{answer.json()['id']}")
        assert (read.status_code, read.json()["workflow"]["nodes"]) == (200, nodes)
    else:
        assert answer.json()["problems"][0]["code"] == "document_too_large"


def test_large_inputs_are_taken_up_to_the_bodys_limit(api: WorkflowApi) -> None:
    document = workflow(node("text", "input", name="text"), name="Takes a text")
    workflow_id = api.save(document)
    ended = api.execute(workflow_id, {"text": '"ü' * 1_000_000})
    assert ended["status"] == "succeeded"
    assert ended["inputs"] is None
    got = httpx.get(ended["inputs_url"], timeout=30).json()
    assert got == {"text": '"ü' * 1_000_000}


def test_a_body_that_is_no_json_is_told_so_at_the_door(http: httpx.Client) -> None:
    for body in (b"\xff\xfe", b"{", b'{"a": NaN}', b"[" * 50_000, json.dumps({"name": "\ud800"}).encode()):
        answer = http.post("/workflows/", content=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_the_documentation_is_served_through_the_door(stack: LocalStack) -> None:
    for path, kind in (
        ("/docs", "text/html"),
        ("/openapi.json", "application/json"),
        ("/docs-assets/swagger-ui-bundle.js", "javascript"),
        ("/docs-assets/favicon.png", "image/png"),
    ):
        answer = httpx.get(f"{stack.api_url}{path}", timeout=30)
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
        assert len(answer.content) > 500
