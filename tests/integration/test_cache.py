"""The cache, seen from outside: equal work is done once, also by many at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.model_server import ModelServer
from infra.local.stack import LocalStack
from tests.integration.documents import node, workflow
from tests.integration.workflow_api import WorkflowApi, results

ROUTE = "POST /v1/chat/completions"


@pytest.fixture
def models(stack: LocalStack) -> ModelServer:
    assert stack.models is not None
    return stack.models


def asking(prompt: str, **more: Any) -> dict[str, Any]:
    return workflow(node("ask", "llm", prompt=prompt, **more))


def counts(api: WorkflowApi) -> tuple[int, int]:
    stats = api.http.get("/cache/stats").json()
    found = stats["node_types"].get("llm", {"hits": 0, "misses": 0})
    return found["hits"], found["misses"]


def test_the_second_execution_takes_the_answer_of_the_first(api: WorkflowApi, models: ModelServer) -> None:
    workflow_id = api.save(asking("What is cached?"))
    hits, misses = counts(api)
    first, second = api.execute(workflow_id), api.execute(workflow_id)
    assert (first["nodes"][0]["cache"], second["nodes"][0]["cache"]) == ("miss", "hit")
    assert results(first) == results(second)
    assert models.ledger.count(ROUTE, "What is cached?") == 1
    assert counts(api) == (hits + 1, misses + 1)


def test_fifty_executions_of_one_prompt_at_once_ask_the_model_once(
    api: WorkflowApi, models: ModelServer
) -> None:
    workflow_id = api.save(asking("Fifty at once [[delay:1.5]]"))
    hits, misses = counts(api)
    with ThreadPoolExecutor(10) as pool:
        started = list(pool.map(lambda _: api.start(workflow_id)["id"], range(50)))
    ended = [api.end(execution_id, 120) for execution_id in started]
    assert [execution["status"] for execution in ended] == ["succeeded"] * 50
    assert len({str(results(execution)["ask"]["output"]) for execution in ended}) == 1
    assert models.ledger.count(ROUTE, "Fifty at once") == 1
    assert sorted(execution["nodes"][0]["cache"] for execution in ended) == ["hit"] * 49 + ["miss"]
    assert counts(api) == (hits + 49, misses + 1)


def test_an_execution_may_bypass_the_cache(api: WorkflowApi, models: ModelServer) -> None:
    workflow_id = api.save(asking("Made anew"))
    for bypass in (False, True, False):
        ended = api.execute(workflow_id, bypass_cache=bypass)
        assert ended["bypass_cache"] is bypass
    assert models.ledger.count(ROUTE, "Made anew") == 2
    assert ended["nodes"][0]["cache"] == "hit"


def test_a_node_may_turn_the_cache_off(api: WorkflowApi, models: ModelServer) -> None:
    workflow_id = api.save(asking("Never cached", cache_ttl_seconds=0))
    for _ in range(2):
        assert api.execute(workflow_id)["nodes"][0]["cache"] is None
    assert models.ledger.count(ROUTE, "Never cached") == 2


def test_what_was_cached_can_be_forgotten(api: WorkflowApi, models: ModelServer) -> None:
    workflow_id = api.save(asking("To be forgotten"))
    api.execute(workflow_id)
    assert api.http.delete("/cache", params={"node_type": "llm"}).json()["deleted"] >= 1
    assert counts(api) == (0, 0)
    assert api.execute(workflow_id)["nodes"][0]["cache"] == "miss"
    assert models.ledger.count(ROUTE, "To be forgotten") == 2
