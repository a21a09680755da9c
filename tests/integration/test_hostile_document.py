"""Hostile documents at the real door: each is refused with what is wrong, and nothing of it is saved."""

from __future__ import annotations

import functools
import time
from typing import Any

import httpx
import pytest

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import connect, node, workflow
from tests.integration.heavy_shape import SHAPES, chain, light
from tests.integration.hostile_document import ROWS, body_of, many, ring
from tests.integration.workflow_api import WorkflowApi

# What API Gateway waits for its function.
DOOR_SECONDS = 29.0
JSON = {"Content-Type": "application/json"}


@functools.cache
def clients(endpoint: str) -> tuple[Any, Any]:
    """Of tables and of state machines."""
    return local_client(endpoint, "dynamodb"), local_client(endpoint, "stepfunctions")


def standing(stack: LocalStack) -> dict[str, Any]:
    """All that a save leaves behind: workflows with their versions, and state machines."""
    tables, machines = clients(stack.endpoint)
    pages = tables.get_paginator("scan").paginate(TableName="mini-n8n-local-workflows", Select="COUNT")
    return {
        "items": sum(page["Count"] for page in pages),
        "machines": sorted(machine["name"] for machine in machines.list_state_machines()["stateMachines"]),
    }


def test_the_table_is_long_enough() -> None:
    print(f"{len(ROWS)} hostile documents, {len(SHAPES)} heavy shapes")
    assert len(ROWS) >= 90


@pytest.mark.parametrize("row", ROWS)
def test_a_hostile_document_is_refused_and_nothing_is_saved(
    stack: LocalStack, http: httpx.Client, row: str
) -> None:
    before = standing(stack)
    began = time.monotonic()
    answer = http.post("/workflows/", content=body_of(row), headers=JSON)
    seconds = time.monotonic() - began
    print(f"{row:48} {answer.status_code} {seconds:5.2f} s")
    assert answer.status_code in (413, 422), answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    told, codes = answer.json(), ROWS[row][1]
    assert told["detail"]
    if codes is not None:
        assert codes & {problem["code"] for problem in told["problems"]}, told["problems"][:3]
    assert seconds < DOOR_SECONDS
    assert standing(stack) == before


@pytest.mark.parametrize("row", ["a cycle of 1,000", "1,000 times the same id", "2 MB of config", "NaN"])
def test_a_hostile_document_changes_nothing_of_a_workflow_that_stands(
    stack: LocalStack, api: WorkflowApi, row: str
) -> None:
    workflow_id = api.save(workflow(node("a", "output", value="as it was")))
    before = (api.http.get(f"/workflows/{workflow_id}").json(), standing(stack))
    assert api.http.put(f"/workflows/{workflow_id}", content=body_of(row), headers=JSON).status_code == 422
    assert (api.http.get(f"/workflows/{workflow_id}").json(), standing(stack)) == before
    assert api.execute(workflow_id)["output"] == {"a": "as it was"}


def test_a_file_with_one_hostile_document_is_not_imported_in_part(
    stack: LocalStack, api: WorkflowApi
) -> None:
    first, second = api.save(workflow(node("a", "transform"))), api.save(workflow(node("b", "transform")))
    file = api.http.get("/workflows/export", params={"id": [first, second]}).json()
    before = standing(stack)
    file["workflows"][1]["versions" if "versions" in file["workflows"][1] else "workflow"] = "gone"
    answer = api.http.post("/workflows/import", params={"on_conflict": "rename"}, json=file)
    assert answer.status_code == 422, answer.text[:500]
    assert standing(stack) == before


def test_validate_tells_the_same_and_saves_nothing(stack: LocalStack, http: httpx.Client) -> None:
    before = standing(stack)
    answer = http.post("/workflows/validate", json=workflow(*many(5), connections=ring(5)))
    assert (answer.status_code, answer.json()["valid"]) == (200, False)
    assert answer.json()["problems"][0]["code"] == "cycle"
    assert standing(stack) == before


def test_a_thousand_nodes_are_saved_and_run(api: WorkflowApi) -> None:
    document = chain(light)
    document["nodes"][-1] = node("n999", "output", value="{{n998.output}}")
    began = time.monotonic()
    ended = api.run(document)
    print(f"1,000 nodes saved and run in {time.monotonic() - began:.1f} s")
    assert (ended["status"], ended["output"]) == ("succeeded", {"n999": {"n": 998}}), ended["error"]
    runs = api.http.get(f"/executions/{ended['id']}").json()["nodes"]
    assert {run["status"] for run in runs} == {"succeeded"}


def test_a_hundred_side_by_side_between_two_are_run(api: WorkflowApi, stack: LocalStack) -> None:
    wide = [node(f"w{number}", "http", url=f"{stack.data_url}/echo?n={number}") for number in range(100)]
    links = [f"first>{one['id']}" for one in wide] + [f"{one['id']}>last" for one in wide]
    ended = api.run(
        workflow(
            node("first", "transform", set={"x": 1}),
            *wide,
            node("last", "output", value="{{w99.output.query.n}}"),
            connections=connect(*links),
        )
    )
    assert (ended["status"], ended["output"]) == ("succeeded", {"last": "99"}), ended["error"]


# All of them stand in tests/unit/api/test_heavy_shape.py: with a Task for each of 1,000 nodes, the ASL
# parser of the local AWS needs up to ten seconds each.
@pytest.mark.parametrize("shape", ["conditionals behind true", "conditionals behind false, work behind true"])
def test_a_shape_that_is_hard_to_compile_is_saved_or_refused_in_time(http: httpx.Client, shape: str) -> None:
    document = SHAPES[shape]()
    began = time.monotonic()
    answer = http.post("/workflows/", json=document, timeout=60)
    seconds = time.monotonic() - began
    print(f"{shape:48} {answer.status_code} {seconds:5.2f} s")
    assert answer.status_code in (201, 422), answer.text[:500]
    assert seconds < DOOR_SECONDS
