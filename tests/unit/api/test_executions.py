from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NodeError, UnavailableError
from engine.execution import ExecutionStatus
from engine.node import NodeContext, NodeInputs, NodeResult
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import PUBLIC_URL, connect, node


def save(bench: ApiBench, *nodes: Any, **more: Any) -> str:
    answer = bench.send("POST", "/workflows/", json={"name": "Mine", "nodes": list(nodes), **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def execute(bench: ApiBench, workflow_id: str, inputs: Any = None, **headers: str) -> dict[str, Any]:
    answer = bench.send(
        "POST", f"/workflows/{workflow_id}/execute?wait=1", json={"inputs": inputs or {}}, headers=headers
    )
    assert answer.status_code in (200, 202), answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def greeting(bench: ApiBench) -> str:
    return save(
        bench,
        node("who", "input", name="who", default="world"),
        node("out", "output", value="Hello, {{who.output}}!"),
        connections=connect("who>out"),
    )


def test_a_start_is_answered_at_once_and_a_wait_with_the_end(bench: ApiBench, greeting: str) -> None:
    bench.runs = False
    started = bench.send("POST", f"/workflows/{greeting}/execute")
    found = started.json()
    assert (started.status_code, found["status"], found["output"]) == (202, "running", None)
    assert started.headers["location"] == f"{PUBLIC_URL}/api/v1/executions/{found['id']}"
    assert [run["status"] for run in found["nodes"]] == ["succeeded", "pending"]
    bench.runs = True
    ended = bench.send("POST", f"/workflows/{greeting}/execute?wait=5", json={"inputs": {"who": "you"}})
    assert (ended.status_code, ended.json()["output"]) == (200, {"out": "Hello, you!"})


def test_a_wait_that_is_too_short_answers_as_the_execution_stands(bench: ApiBench, greeting: str) -> None:
    bench.runs = False
    answer = bench.send("POST", f"/workflows/{greeting}/execute?wait=0.5")
    assert (answer.status_code, answer.json()["status"]) == (202, "running")


@pytest.mark.parametrize("wait", ["-1", "26", "nan", "inf", "x"])
def test_a_wait_that_makes_no_sense_is_refused(bench: ApiBench, greeting: str, wait: str) -> None:
    assert bench.send("POST", f"/workflows/{greeting}/execute?wait={wait}").status_code == 422
    assert bench.machines.started == ()


def test_an_execution_shows_every_node(bench: ApiBench, greeting: str) -> None:
    execution_id = execute(bench, greeting)["id"]
    paths = [f"/executions/{execution_id}", f"/workflows/{greeting}/executions/{execution_id}"]
    first, second = (bench.send("GET", path).json() for path in paths)
    assert first == second
    assert {name: first[name] for name in ("status", "inputs", "output", "error", "trigger", "version")} == {
        "status": "succeeded",
        "inputs": {"who": "world"},
        "output": {"out": "Hello, world!"},
        "error": None,
        "trigger": "manual",
        "version": 1,
    }
    assert [(run["node_id"], run["type"], run["status"], run["inputs"]) for run in first["nodes"]] == [
        ("who", "input", "succeeded", []),
        ("out", "output", "succeeded", ["who"]),
    ]
    alone = bench.send("GET", f"/executions/{execution_id}/nodes/out").json()
    assert alone == first["nodes"][1]


def test_an_execution_of_another_workflow_is_not_found_there(bench: ApiBench, greeting: str) -> None:
    execution_id = execute(bench, greeting)["id"]
    other = save(bench, node("a"))
    for method, path in (("GET", ""), ("POST", "/cancel")):
        answer = bench.send(method, f"/workflows/{other}/executions/{execution_id}{path}")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/executions/ex_none"),
        ("GET", "/executions/ex_none/nodes/a"),
        ("GET", "/executions/ex_none/nodes/a/items"),
        ("GET", "/executions/ex_none/nodes/a/items/0"),
        ("POST", "/executions/ex_none/cancel"),
        ("POST", "/workflows/wf_none/execute"),
    ],
)
def test_what_is_not_there_is_not_found(bench: ApiBench, method: str, path: str) -> None:
    answer = bench.send(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_node_that_is_not_in_the_workflow_is_not_found(bench: ApiBench, greeting: str) -> None:
    execution_id = execute(bench, greeting)["id"]
    for path in ("nodes/x", "nodes/x/items", "nodes/x/items/0", "nodes/out/items/0"):
        assert bench.send("GET", f"/executions/{execution_id}/{path}").status_code == 404


def test_inputs_that_do_not_fit_name_their_nodes(bench: ApiBench, greeting: str) -> None:
    answer = bench.send("POST", f"/workflows/{greeting}/execute", json={"inputs": {"who": 5, "whom": "x"}})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:mini-n8n:problem:invalid-request")
    assert [(item["node"], item["field"]) for item in problem["problems"]] == [
        ("who", "inputs.who"),
        (None, "inputs.whom"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"input": {}},
        {"inputs": []},
        {"inputs": {}, "bypass_cache": "yes"},
        {"inputs": {}, "bypass_cache": 1},
        {"inputs": None},
        [],
        "text",
        5,
    ],
)
def test_a_body_of_another_shape_is_refused(bench: ApiBench, greeting: str, body: object) -> None:
    answer = bench.send("POST", f"/workflows/{greeting}/execute", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:mini-n8n:problem:invalid-request")


def test_the_same_idempotency_key_starts_one_execution(bench: ApiBench, greeting: str) -> None:
    path, headers = f"/workflows/{greeting}/execute", {"Idempotency-Key": "k1"}
    first, second = (bench.send("POST", path, headers=headers) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert "idempotency-replayed" not in first.headers
    assert (second.status_code, second.headers["idempotency-replayed"]) == (200, "true")
    other = bench.send("POST", path, headers=headers, json={"bypass_cache": True})
    assert (other.status_code, other.json()["problems"][0]["field"]) == (422, "Idempotency-Key")


def test_a_service_that_is_away_is_a_503_that_says_when_to_come_back(
    bench: ApiBench, greeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("cannot start: ThrottlingException; try again")

    monkeypatch.setattr(bench.machines, "start", away)
    answer = bench.send("POST", f"/workflows/{greeting}/execute")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["type"]) == (
        503,
        "1",
        "urn:mini-n8n:problem:unavailable",
    )


def test_a_failed_node_is_shown_with_its_error_and_its_log(bench: ApiBench) -> None:
    def fail(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        context.logger.info("trying")
        raise NodeError("it is broken", field="config.value")

    bench.scripts.run = fail
    workflow_id = save(bench, node("a"), node("b"), connections=connect("a>b"))
    found = execute(bench, workflow_id)
    error = {
        "type": "NodeError",
        "message": "it is broken",
        "node_id": "a",
        "field": "config.value",
        "retryable": False,
    }
    assert (found["status"], found["error"]) == ("failed", error)
    failed, aborted = found["nodes"]
    assert (failed["status"], failed["error"], aborted["status"]) == ("failed", error, "aborted")
    assert [(line["level"], line["message"]) for line in failed["logs"]] == [("info", "trying")]


def test_a_cancelled_execution_is_aborted_and_cannot_be_cancelled_again(
    bench: ApiBench, greeting: str
) -> None:
    bench.runs = False
    execution_id = bench.send("POST", f"/workflows/{greeting}/execute").json()["id"]
    cancelled = bench.send("POST", f"/workflows/{greeting}/executions/{execution_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "aborted")
    assert [run["status"] for run in cancelled.json()["nodes"]] == ["succeeded", "aborted"]
    again = bench.send("POST", f"/executions/{execution_id}/cancel")
    assert (again.status_code, again.json()["type"]) == (409, "urn:mini-n8n:problem:conflict")


def test_executions_are_filtered_and_paged(bench: ApiBench, greeting: str) -> None:
    other = save(bench, node("a"))
    made = []
    for number in range(4):
        bench.clock.advance(60)
        bench.runs = number != 2
        answer = bench.send("POST", f"/workflows/{other if number == 3 else greeting}/execute")
        made.append(answer.json()["id"])

    def listed(query: str, path: str = "/executions") -> list[str]:
        return [item["id"] for item in bench.send("GET", f"{path}?{query}").json()["items"]]

    assert listed("") == made[::-1]
    assert listed(f"workflow_id={greeting}") == made[2::-1]
    assert listed("", f"/workflows/{greeting}/executions") == made[2::-1]
    assert listed("status=running") == [made[2]]
    assert listed("status=running", f"/workflows/{greeting}/executions") == [made[2]]
    assert listed("started_after=2026-01-01T00:02:00Z&started_before=2026-01-01T00:04:00Z") == made[2:0:-1]
    first = bench.send("GET", "/executions?limit=3").json()
    assert listed(f"limit=3&cursor={first['cursor']}") == made[:1]


@pytest.mark.parametrize(
    "query",
    [
        "status=ended",
        "workflow_id=",
        "started_after=2026-01-01T00:00:00",
        "started_after=yesterday",
        "workflow_id=" + "x" * 201,
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(bench: ApiBench, query: str) -> None:
    assert bench.send("GET", f"/executions?{query}").status_code == 422


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"])
def test_the_ends_of_time_are_no_error(bench: ApiBench, greeting: str, moment: str) -> None:
    execute(bench, greeting)
    for name in ("started_after", "started_before"):
        assert bench.send("GET", f"/executions?{name}={moment}").status_code in (200, 422)


# Large answers


def test_a_large_value_is_given_by_a_link_to_the_store(bench: ApiBench) -> None:
    bench.scripts.run = lambda *_: NodeResult({"output": "x" * 300_000})
    found = execute(bench, save(bench, node("a")))
    (run,) = found["nodes"]
    assert (run["result"], run["result_size_bytes"]) == (None, 300_013)
    assert run["result_url"].startswith(f"memory://executions/{found['id']}/a/result.json?")
    assert found["output"] is None
    assert found["output_url"].startswith(f"memory://executions/{found['id']}/output.json?")
    alone = bench.send("GET", f"/executions/{found['id']}/nodes/a").json()
    assert alone["result_url"] == run["result_url"]


def test_an_answer_with_many_results_stays_small_and_links_to_the_rest(bench: ApiBench) -> None:
    """100 results of 30 KB and logs of 25 KB are 5.5 MB: more than fits into an answer of Lambda's."""

    def chat(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        for _ in range(50):
            context.logger.info('"' * 500)
        return NodeResult({"output": '"' * 15_000})

    bench.scripts.run = chat
    workflow_id = save(bench, *(node(f"n{number}") for number in range(100)))
    bench.runs = False
    execution_id = bench.send("POST", f"/workflows/{workflow_id}/execute").json()["id"]
    for number in range(100):
        bench.run(execution_id, f"n{number}")
    answer = bench.send("GET", f"/executions/{execution_id}")
    assert len(answer.content) < 3_000_000
    by_link = [run for run in answer.json()["nodes"] if run["result_url"]]
    assert by_link
    run = by_link[-1]
    assert (run["result"], run["logs"]) == (None, [])
    path = run["result_url"].removeprefix(f"{PUBLIC_URL}/api/v1")
    assert run["logs_url"] == run["result_url"]
    alone = bench.send("GET", path).json()
    assert (alone["result"], len(alone["logs"])) == ({"output": '"' * 15_000}, 50)


def test_items_are_listed_in_order_and_each_has_a_link_of_its_own(bench: ApiBench) -> None:
    workflow_id = save(bench, node("each", for_each=list(range(5)), value="{{item}}"))
    found = execute(bench, workflow_id)
    assert found["nodes"][0]["item_count"] == 5
    path = f"/executions/{found['id']}/nodes/each/items"
    page = bench.send("GET", f"{path}?limit=3").json()
    rest = bench.send("GET", f"{path}?limit=3&cursor={page['cursor']}").json()
    items = [*page["items"], *rest["items"]]
    assert [(item["item"], item["result"]) for item in items] == [(n, {"output": n}) for n in range(5)]
    assert rest["cursor"] is None
    assert bench.send("GET", f"{path}/3").json() == items[3]
    for index in ("-1", "x", "5", "9" * 20):
        assert bench.send("GET", f"{path}/{index}").status_code in (404, 422)


def test_a_page_of_large_items_stays_small(bench: ApiBench) -> None:
    bench.scripts.run = lambda *_: NodeResult({"output": "é" * 15_000})
    workflow_id = save(bench, node("each", for_each=list(range(100))))
    found = execute(bench, workflow_id)
    answer = bench.send("GET", f"/executions/{found['id']}/nodes/each/items?limit=100")
    assert len(answer.content) < 3_000_000
    last = answer.json()["items"][-1]
    assert last["result"] is None
    alone = bench.send("GET", last["result_url"].removeprefix(f"{PUBLIC_URL}/api/v1")).json()
    assert alone["result"] == {"output": "é" * 15_000}


def test_results_that_utf8_cannot_spell_are_shown_with_question_marks(bench: ApiBench) -> None:
    bench.scripts.run = lambda *_: NodeResult({"output": {"\ud800": "a\ud800b"}})
    found = execute(bench, save(bench, node("a")))
    assert found["nodes"][0]["result"] == {"output": {"?": "a?b"}}
    assert found["output"] == {"a": {"?": "a?b"}}


def test_deeply_nested_results_are_shown(bench: ApiBench) -> None:
    deep: Any = 1
    for _ in range(190):
        deep = [deep]
    bench.scripts.run = lambda *_: NodeResult({"output": deep})
    found = execute(bench, save(bench, node("a")))
    assert found["output"] == {"a": deep}


def test_an_overdue_execution_is_repaired_when_it_is_read(bench: ApiBench, greeting: str) -> None:
    bench.runs = False
    execution_id = bench.send("POST", f"/workflows/{greeting}/execute").json()["id"]
    bench.machines.end(bench.machines.started[0].execution_arn, ExecutionStatus.TIMED_OUT)
    bench.clock.advance(3_600 + 31)
    assert bench.send("GET", f"/executions/{execution_id}").json()["status"] == "timed_out"
