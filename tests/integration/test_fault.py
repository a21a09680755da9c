"""Functions that are killed, tables that are throttled, models that fail: what is stored stays, once."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.model_server import ModelServer
from infra.local.stack import LocalStack
from tests.integration.documents import chain, node, workflow
from tests.integration.workflow_api import WorkflowApi, results


def run_fault(stack: LocalStack, api: WorkflowApi, fault: str, **more: Any) -> dict[str, Any]:
    key = "-".join([fault, *(str(value) for value in more.values())])
    url = f"{stack.data_url}/flaky/{key}?failures=0"
    document = chain(
        node("breaks", "fault", url=url, fault=fault, **more),
        node("out", "output", value="{{breaks.output}}"),
    )
    ended = api.run(document)
    assert ended["status"] == "succeeded", ended["error"]
    return ended


def test_a_node_whose_function_was_killed_is_run_again(stack: LocalStack, api: WorkflowApi) -> None:
    ended = run_fault(stack, api, "before_storing")
    assert ended["output"] == {"out": {"attempt": 2, "calls": 2}}
    assert ended["nodes"][0]["attempts"] == 2


def test_a_side_effect_is_not_repeated_after_its_result_was_stored(
    stack: LocalStack, api: WorkflowApi
) -> None:
    ended = run_fault(stack, api, "after_storing")
    assert ended["output"] == {"out": {"attempt": 1, "calls": 1}}
    assert ended["nodes"][0]["attempts"] == 1
    assert stack.models is not None
    assert stack.models.ledger.next_attempt("/data/flaky", "after_storing") == 2


@pytest.mark.parametrize(("times", "runs"), [(2, 1), (3, 2)])
def test_a_throttled_table_is_tried_again_by_the_sdk_and_then_by_the_state_machine(
    stack: LocalStack, api: WorkflowApi, times: int, runs: int
) -> None:
    ended = run_fault(stack, api, "throttled", throttled=times)
    assert ended["output"] == {"out": {"attempt": runs, "calls": runs}}


# Models


@pytest.fixture
def models(stack: LocalStack) -> ModelServer:
    assert stack.models is not None
    return stack.models


def ask(api: WorkflowApi, prompt: str, **more: Any) -> dict[str, Any]:
    return api.run(workflow(node("ask", "llm", prompt=prompt, **more)))


@pytest.mark.parametrize("fault", ["429-once:0.2", "500-twice", "503-once:0.2", "garbage-once", "cut-once"])
def test_a_model_that_fails_for_a_while_is_asked_again(
    api: WorkflowApi, models: ModelServer, fault: str
) -> None:
    prompt = f"For a while [[fault:{fault}]]"
    ended = ask(api, prompt)
    assert ended["status"] == "succeeded", ended["error"]
    calls = 3 if "twice" in fault else 2
    assert ended["nodes"][0]["attempts"] == calls
    assert models.ledger.count("POST /v1/chat/completions", prompt) == calls


@pytest.mark.parametrize("fault", ["429:0.1", "500", "garbage", "cut"])
def test_a_model_that_goes_on_failing_fails_its_node(
    api: WorkflowApi, models: ModelServer, fault: str
) -> None:
    prompt = f"For ever [[fault:{fault}]]"
    ended = ask(api, prompt, retry={"max_attempts": 2})
    assert (ended["status"], ended["error"]["type"]) == ("failed", "RetryableNodeError")
    assert (ended["nodes"][0]["status"], ended["nodes"][0]["attempts"]) == ("failed", 2)
    assert models.ledger.count("POST /v1/chat/completions", prompt) == 2


def test_a_model_that_refuses_is_asked_once(api: WorkflowApi, models: ModelServer) -> None:
    ended = ask(api, "Refused [[fault:400]]")
    assert (ended["status"], ended["error"]["type"]) == ("failed", "NodeError")
    assert models.ledger.count("POST /v1/chat/completions", "Refused") == 1


def test_a_model_that_never_answers_is_a_timeout_of_its_node(api: WorkflowApi, models: ModelServer) -> None:
    ended = ask(api, "Silence [[fault:hang]]", timeout_seconds=1)
    assert ended["status"] == "failed"
    assert ended["nodes"][0]["status"] in ("timed_out", "failed")
    assert "1 s" in ended["error"]["message"]
    assert ended["duration_seconds"] < 10


def test_a_failed_answer_is_not_cached(api: WorkflowApi) -> None:
    document = workflow(node("ask", "llm", prompt="Fails first [[fault:400-once]]"))
    workflow_id = api.save(document)
    assert api.execute(workflow_id)["status"] == "failed"
    again = api.execute(workflow_id)
    assert (again["status"], again["nodes"][0]["cache"]) == ("succeeded", "miss")
    assert results(again)["ask"]["output"]
