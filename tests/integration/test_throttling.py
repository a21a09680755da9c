"""AWS says "later": what was asked is done in the end or refused whole, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from functions.bootstrap import Root
from infra.local.fault_proxy import FaultProxy
from infra.local.stack import LocalStack
from tests.integration.documents import chain, node, workflow
from tests.integration.own_root import asked, own_root
from tests.integration.workflow_api import WorkflowApi

ALWAYS = 1_000
HELLO = chain(node("a", "transform", set={"x": 1}), node("out", "output", value="{{a.output}}"))


@pytest.fixture
def proxy(stack: LocalStack) -> Iterator[FaultProxy]:
    with FaultProxy(stack.endpoint) as running:
        yield running


@pytest.fixture
def root(stack: LocalStack, proxy: FaultProxy) -> Iterator[Root]:
    with own_root(stack, endpoint=proxy.endpoint) as made:
        yield made


class ThrottledApi:
    """The API in this process, its AWS behind the proxy."""

    def __init__(self, root: Root, key: str) -> None:
        self._root = root
        self._headers = {"X-API-Key": key}

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        given = self._headers | (headers or {})
        return asked(self._root, method, f"/api/v1{path}", headers=given, **request)


@pytest.fixture
def throttled(root: Root, api_key: str) -> ThrottledApi:
    return ThrottledApi(root, api_key)


def test_a_moment_of_throttling_is_not_noticed(throttled: ThrottledApi, proxy: FaultProxy) -> None:
    for operation in ("TransactWriteItems", "GetItem", "PutItem", "StartExecution", "CreateStateMachine"):
        proxy.throttle(operation, 2)
    saved = throttled.send("POST", "/workflows/", json=HELLO)
    assert saved.status_code == 201
    ended = throttled.send("POST", f"/workflows/{saved.json()['id']}/execute?wait=20")
    assert (ended.status_code, ended.json()["output"]) == (200, {"out": {"x": 1}})
    assert proxy.refused >= 8


@pytest.mark.parametrize("operation", ["TransactWriteItems", "UpdateStateMachine", "GetItem"])
def test_a_save_that_is_throttled_throughout_is_refused_whole(
    throttled: ThrottledApi, proxy: FaultProxy, api: WorkflowApi, operation: str
) -> None:
    workflow_id = api.save(workflow(node("a", "transform")))
    before = api.http.get(f"/workflows/{workflow_id}").json()
    proxy.throttle(operation, ALWAYS)
    answer = throttled.send("PUT", f"/workflows/{workflow_id}", json=HELLO)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == "urn:mini-n8n:problem:unavailable"
    assert api.http.get(f"/workflows/{workflow_id}").json() == before
    assert api.execute(workflow_id)["status"] == "succeeded"
    proxy.throttle(operation, 0)
    assert throttled.send("PUT", f"/workflows/{workflow_id}", json=HELLO).status_code == 200
    assert api.execute(workflow_id)["output"] == {"out": {"x": 1}}


@pytest.mark.parametrize("operation", ["PutItem", "StartExecution"])
def test_a_throttled_start_is_made_good_by_the_same_request(
    throttled: ThrottledApi, proxy: FaultProxy, api: WorkflowApi, operation: str
) -> None:
    workflow_id = api.save(HELLO)
    headers = {"Idempotency-Key": f"throttled {operation}"}
    proxy.throttle(operation, ALWAYS)
    assert throttled.send("POST", f"/workflows/{workflow_id}/execute", headers).status_code == 503
    proxy.throttle(operation, 0)
    ended = throttled.send("POST", f"/workflows/{workflow_id}/execute?wait=20", headers)
    assert (ended.status_code, ended.json()["output"]) == (200, {"out": {"x": 1}})
    listed = api.http.get(f"/workflows/{workflow_id}/executions").json()["items"]
    assert [item["id"] for item in listed] == [ended.json()["id"]]


def test_a_start_that_could_not_be_noted_runs(
    throttled: ThrottledApi, proxy: FaultProxy, api: WorkflowApi
) -> None:
    workflow_id = api.save(HELLO)
    proxy.throttle("UpdateItem", ALWAYS, containing=b"SET execution_arn")
    started = throttled.send("POST", f"/workflows/{workflow_id}/execute")
    assert started.status_code == 202
    assert api.end(started.json()["id"])["output"] == {"out": {"x": 1}}


def test_health_says_what_is_throttled(root: Root, proxy: FaultProxy) -> None:
    proxy.throttle("GetItem", ALWAYS)
    answer = asked(root, "GET", "/health")
    failing = {name for name, check in answer.json()["checks"].items() if check["status"] == "failing"}
    assert (answer.status_code, failing) == (503, {"workflows", "executions", "cache", "access"})
