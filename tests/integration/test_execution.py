"""A workflow goes in over HTTP, runs as its own state machine, and its results come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, connect, http_node, node, workflow
from tests.integration.workflow_api import WorkflowApi, results, statuses

GREETING = chain(
    node("who", "input", name="who", default="world"), node("out", "output", value="Hello, {{who.output}}!")
)


def test_a_workflow_is_saved_executed_and_read(api: WorkflowApi) -> None:
    workflow_id = api.save(GREETING)
    started = api.start(workflow_id, {"who": "you"})
    assert (started["workflow_id"], started["version"], started["trigger"]) == (workflow_id, 1, "manual")
    ended = api.end(started["id"])
    assert (ended["status"], ended["output"], ended["error"]) == ("succeeded", {"out": "Hello, you!"}, None)
    assert statuses(ended) == {"who": "succeeded", "out": "succeeded"}
    assert ended["inputs"] == {"who": "you"}
    listed = api.http.get(f"/workflows/{workflow_id}/executions").json()["items"]
    assert [(item["id"], item["status"]) for item in listed] == [(started["id"], "succeeded")]


def test_a_start_that_waits_answers_with_the_end(api: WorkflowApi) -> None:
    answer = api.http.post(f"/workflows/{api.save(GREETING)}/execute?wait=20")
    assert (answer.status_code, answer.json()["output"]) == (200, {"out": "Hello, world!"})


def test_one_idempotency_key_is_one_execution(api: WorkflowApi) -> None:
    path = f"/workflows/{api.save(GREETING)}/execute?wait=20"
    first, second = (api.http.post(path, headers={"Idempotency-Key": "only-once"}) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["idempotency-replayed"] == "true"


def test_two_independent_nodes_of_two_seconds_take_two_seconds(api: WorkflowApi, stack: LocalStack) -> None:
    url = f"{stack.data_url}/slow?seconds=2"
    document = workflow(http_node("a", url), http_node("b", url), name="Parallel")
    workflow_id = api.save(document)
    api.execute(workflow_id)  # the functions start, as they would have in a system that is used
    assert stack.models is not None
    stack.models.ledger.clear()
    ended = api.execute(workflow_id)
    assert ended["status"] == "succeeded"
    assert stack.models.ledger.describe("GET /data/slow")["most_in_flight"] == {"GET /data/slow": 2}
    runs = {run["node_id"]: run for run in ended["nodes"]}
    starts = [datetime.fromisoformat(run["started_at"]) for run in runs.values()]
    ends = [datetime.fromisoformat(run["ended_at"]) for run in runs.values()]
    assert max(starts) < min(ends)
    assert (max(ends) - min(starts)).total_seconds() < 3.5


@pytest.mark.parametrize("size", [1_000, 300_000, 5_000_000, 40_000_000])
def test_results_of_any_size_pass_through_three_nodes(api: WorkflowApi, stack: LocalStack, size: int) -> None:
    document = chain(
        http_node("get", f"{stack.data_url}/bytes/{size}"),
        node("pass", "transform", value="{{get.output}}", set={"seen": True}),
        node("out", "output", value="{{pass.output}}"),
        name=f"{size} bytes",
    )
    ended = api.execute(api.save(document))
    assert statuses(ended) == {"get": "succeeded", "pass": "succeeded", "out": "succeeded"}
    text = "x" * (size - 31)
    expected = {"synthetic": True, "text": text, "seen": True}
    for run in ended["nodes"]:
        got = run["result"] if run["result_url"] is None else httpx.get(run["result_url"], timeout=60).json()
        assert got["output"]["text"] == text
        assert (run["result_url"] is None) == (size < 30_000)
        assert (run["result_size_bytes"] or 0) >= (0 if size < 30_000 else size)
    output = ended["output"]
    if ended["output_url"] is not None:
        assert output is None
        output = httpx.get(ended["output_url"], timeout=60).json()
    assert output == {"out": expected}


@pytest.mark.parametrize("count", [0, 1, 200])
def test_a_node_runs_for_each_item_of_a_list(api: WorkflowApi, count: int) -> None:
    document = chain(
        node("list", "input", name="list", type="array", default=[]),
        node("each", "transform", for_each="{{list.output}}", value={"n": "{{item}}", "i": "{{index}}"}),
        node("out", "output", value="{{each.output[*].n}}"),
    )
    items = [f"item {number}" for number in range(count)]
    ended = api.execute(api.save(document), {"list": items})
    assert (ended["status"], ended["output"]) == ("succeeded", {"out": items})
    assert results(ended)["each"]["count"] == count
    assert ended["nodes"][1]["item_count"] == count
    page = api.http.get(f"/executions/{ended['id']}/nodes/each/items?limit=100").json()
    assert [item["item"] for item in page["items"]] == list(range(min(count, 100)))


def failing(stack: LocalStack, on_error: str) -> dict[str, Any]:
    leaves = "error" if on_error == "output" else "main"
    return workflow(
        http_node("get", f"{stack.data_url}/status/404", on_error=on_error),
        node("after", "output", value="{{get.error.type || 'none'}}"),
        node("good", "transform", value={"went": "well"}),
        connections=connect(f"get.{leaves}>after", *(["get.main>good"] if on_error == "output" else [])),
    )


def test_a_failing_node_ends_the_execution_with_its_error(api: WorkflowApi, stack: LocalStack) -> None:
    ended = api.run(failing(stack, "stop"))
    assert ended["status"] == "failed"
    assert (ended["error"]["node_id"], ended["error"]["type"]) == ("get", "NodeError")
    assert "404" in ended["error"]["message"]
    runs = {run["node_id"]: run for run in ended["nodes"]}
    assert runs["get"]["status"] == "failed"
    assert runs["get"]["error"] == ended["error"]
    assert runs["after"]["status"] == "aborted"


def test_on_error_continue_goes_on_with_the_error_as_result(api: WorkflowApi, stack: LocalStack) -> None:
    ended = api.run(failing(stack, "continue"))
    assert (ended["status"], ended["output"]) == ("succeeded", {"after": "NodeError"})
    assert statuses(ended) == {"get": "failed", "after": "succeeded", "good": "succeeded"}


def test_on_error_output_leaves_through_the_error_output(api: WorkflowApi, stack: LocalStack) -> None:
    ended = api.run(failing(stack, "output"))
    assert (ended["status"], ended["output"]) == ("succeeded", {"after": "NodeError"})
    assert statuses(ended) == {"get": "failed", "after": "succeeded", "good": "skipped"}


def test_failing_items_are_told_with_their_index(api: WorkflowApi, stack: LocalStack) -> None:
    each = http_node("each", f"{stack.data_url}/status/{{{{item}}}}", for_each=[200, 404, 200])
    ended = api.run(workflow(each))
    assert (ended["status"], ended["error"]["node_id"]) == ("failed", "each")
    assert ended["error"]["message"].startswith("item 1: ")
    each = {**each, "on_error": "continue"}
    ended = api.run(workflow(each))
    assert ended["status"] == "succeeded"
    assert [item is None for item in results(ended)["each"]["output"]] == [False, True, False]


def test_a_server_that_says_later_is_asked_later(api: WorkflowApi, stack: LocalStack) -> None:
    url = f"{stack.data_url}/flaky/later?failures=1&status=429&retry_after=1"
    ended = api.run(workflow(http_node("get", url)))
    assert results(ended)["get"]["output"]["attempt"] == 2
    (run,) = ended["nodes"]
    assert (run["status"], run["attempts"], run["error"]) == ("succeeded", 2, None)
    assert run["duration_seconds"] >= 1


def test_a_server_that_fails_twice_is_asked_three_times(api: WorkflowApi, stack: LocalStack) -> None:
    url = f"{stack.data_url}/flaky/twice?failures=2&status=500"
    ended = api.run(workflow(http_node("get", url, retry={"max_attempts": 3})))
    assert (ended["status"], results(ended)["get"]["output"]["attempt"]) == ("succeeded", 3)
    assert ended["nodes"][0]["attempts"] == 3


def test_when_all_attempts_are_spent_the_last_error_is_told(api: WorkflowApi, stack: LocalStack) -> None:
    url = f"{stack.data_url}/flaky/thrice?failures=9&status=500"
    ended = api.run(workflow(http_node("get", url, retry={"max_attempts": 2})))
    assert (ended["status"], ended["error"]["type"]) == ("failed", "RetryableNodeError")
    assert (ended["nodes"][0]["status"], ended["nodes"][0]["attempts"]) == ("failed", 2)


def test_a_film_is_polled_by_the_state_machine_and_its_link_plays(
    api: WorkflowApi, stack: LocalStack
) -> None:
    ended = api.run(
        workflow(node("film", "video", prompt="A boat [[video-polls:3]]", poll_interval_seconds=2))
    )
    assert ended["status"] == "succeeded"
    run = ended["nodes"][0]
    assert run["attempts"] == 1
    film = httpx.get(run["result"]["output"], follow_redirects=True)
    assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")
    assert film.content[4:8] == b"ftyp"
    client = local_client(stack.endpoint, "stepfunctions")
    events = client.get_execution_history(executionArn=ended["execution_arn"])["events"]
    assert [event["type"] for event in events].count("WaitStateEntered") >= 2


def test_a_picture_opens_in_a_browser_that_has_no_key(api: WorkflowApi, stack: LocalStack) -> None:
    ended = api.run(workflow(node("picture", "image", prompt="A paper boat")))
    url = results(ended)["picture"]["output"]
    assert url.startswith(f"{stack.api_url}/files/{ended['id']}/")
    with httpx.Client() as browser:
        redirect = browser.get(url)
        assert redirect.status_code == 307
        where = urlsplit(redirect.headers["location"])
        assert f"{where.scheme}://{where.netloc}" == stack.endpoint
        picture = browser.get(redirect.headers["location"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_model_answers_by_the_schema_that_it_was_given(api: WorkflowApi) -> None:
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "score": {"type": "integer", "minimum": 1, "maximum": 5}},
        "required": ["title", "score"],
        "additionalProperties": False,
    }
    asked = node("ask", "llm", prompt="Rate it", response_format="json", json_schema=schema)
    ended = api.run(chain(asked, node("out", "output", value="{{ask.output.score}}")))
    assert ended["status"] == "succeeded"
    answer = results(ended)["ask"]
    assert answer["output"].keys() == {"title", "score"}
    assert ended["output"]["out"] in range(1, 6)
    assert answer["usage"]["total_tokens"] > 0
