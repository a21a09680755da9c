"""Latches through HTTP: a node of a prime core starts when its own sources have ended, and none earlier."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeAlias

import pytest

from infra.local.stack import LocalStack
from tests.integration.documents import connect, http_node, node, workflow
from tests.integration.test_profile import profile_of
from tests.integration.test_shared_task import called
from tests.integration.workflow_api import WorkflowApi, results, statuses
from tests.property.definition_order import latches

# By whatever barrier, this takes a second longer than its critical path of four.
N_SECONDS = {"a": 2.0, "b": 1.0, "c": 2.0, "d": 3.0}
N_EDGES = ("a>c", "b>c", "b>d")
CORE_ROWS, CORE_COLUMNS = 3, 4
CORE_EDGES = tuple(
    f"n{column}_{row}>n{column + 1}_{target}"
    for column, row in itertools.product(range(CORE_COLUMNS - 1), range(CORE_ROWS))
    for target in (row, row + 1)
    if target < CORE_ROWS
)
GATE_EDGES = ("gate>a", "gate>b", *N_EDGES)


Document: TypeAlias = dict[str, Any]
Execution: TypeAlias = dict[str, Any]
Learnt: TypeAlias = Callable[[str], tuple[Execution, Execution]]


def n_shape(data_url: str) -> Document:
    nodes = [http_node(name, f"{data_url}/slow?seconds={s}") for name, s in N_SECONDS.items()]
    return workflow(*nodes, connections=connect(*N_EDGES))


def large_core(data_url: str) -> Document:
    seconds = iter([1.0, 1.0, 2.0, 0.2, 0.1, 0.2, 1.0, 2.0, 0.2, 2.0, 1.0, 0.2])
    nodes = [
        http_node(f"n{column}_{row}", f"{data_url}/slow?seconds={next(seconds)}")
        for column, row in itertools.product(range(CORE_COLUMNS), range(CORE_ROWS))
    ]
    nodes[4] = http_node("n1_1", f"{data_url}/status/404", on_error="continue")
    nodes[7]["join"] = "all"
    return workflow(*nodes, connections=connect(*CORE_EDGES))


def with_a_failure_beside(data_url: str) -> Document:
    urls = {name: f"slow?seconds={seconds}" for name, seconds in (N_SECONDS | {"x": 2.5}).items()}
    urls |= {"b": "slow?seconds={{pause.output}}", "y": "status/{{code.output}}"}
    return workflow(
        node("pause", "input", name="pause", type="number", default=1),
        node("code", "input", name="code", type="number", default=200),
        *(http_node(name, f"{data_url}/{url}") for name, url in urls.items()),
        connections=connect("pause>b", "code>y", "x>y", *N_EDGES),
    )


def with_a_gate_before(data_url: str) -> Document:
    """``c`` waits for ``beside`` too."""
    urls = {name: f"slow?seconds={seconds}" for name, seconds in N_SECONDS.items()}
    urls |= {"before": "slow?seconds={{pause.output}}", "gate": "status/{{code.output}}"}
    urls |= {"beside": "slow?seconds=1.9"}
    return workflow(
        node("code", "input", name="code", type="number", default=200),
        node("pause", "input", name="pause", type="number", default=1),
        *(http_node(name, f"{data_url}/{url}") for name, url in urls.items()),
        connections=connect("code>gate", "pause>before", "before>gate", "beside>c", "beside>d", *GATE_EDGES),
    )


# One beside another needs environments of the function for itself, each of which takes a second to start.
LEARNT_AT_ONCE = 2
# By name: the document, and whether a latch is the best plan however busy the machine is (else: or a cut).
DOCUMENTS: dict[str, tuple[Callable[[str], Document], bool]] = {
    "n": (n_shape, True),
    "large": (large_core, False),
    "failure": (with_a_failure_beside, True),
    "gate": (with_a_gate_before, True),
}


@pytest.fixture(scope="module")
def learnt(api: WorkflowApi, stack: LocalStack) -> Iterator[Learnt]:
    """By a document's name: an execution by barriers, which taught what nodes take; one planned with that.

    Their nodes sleep for most of their time: so two are learnt of at the same time.
    """
    with ThreadPoolExecutor(LEARNT_AT_ONCE) as pool:
        futures: dict[str, Future[tuple[Execution, Execution]]] = {
            name: pool.submit(planned_anew, api, make(stack.data_url), sure)
            for name, (make, sure) in DOCUMENTS.items()
        }
        yield lambda name: futures[name].result()


def planned_anew(api: WorkflowApi, document: Document, sure: bool) -> tuple[Execution, Execution]:
    workflow_id = api.save(document)
    api.execute(workflow_id)  # cold functions teach nothing
    api.execute(workflow_id)
    before = api.execute(workflow_id)
    deadline = time.monotonic() + 30
    while min(len(one["samples"]) for one in profile_of(api, workflow_id)["nodes"]) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    answer = api.http.post(f"/workflows/{workflow_id}/recompile").json()
    assert answer["changed"], answer
    plan = api.http.get(f"/workflows/{workflow_id}/plan").json()
    assert not sure or "waitForTaskToken" in str(plan["definition"])
    after = api.execute(workflow_id)
    took = [execution["duration_seconds"] for execution in (before, after)]
    print(f"by barriers {took[0]:.2f} s, with a latch {took[1]:.2f} s; predicted {answer['after']}")
    return before, after


def times(execution: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {run["node_id"]: (run["started_at"], run["ended_at"]) for run in execution["nodes"]}


def check_order(execution: dict[str, Any], edges: tuple[str, ...]) -> None:
    run = times(execution)
    for source, target in (edge.split(">") for edge in edges):
        assert run[source][1] <= run[target][0], (source, target)


def test_a_latch_has_no_barrier_and_keeps_the_order(learnt: Learnt) -> None:
    before, after = learnt("n")
    assert statuses(before) == statuses(after) == dict.fromkeys(N_SECONDS, "succeeded")
    for execution in (before, after):
        check_order(execution, N_EDGES)
    run = times(after)
    assert run["d"][0] < run["a"][1]
    ended = max(datetime.fromisoformat(run[source][1]) for source in "ab")
    joined = (datetime.fromisoformat(run["c"][0]) - ended).total_seconds()
    print(f"from the end of the last source through the wait: {joined:.2f} s")


def test_a_large_core_runs_with_skipped_and_failed_nodes_on_its_way(learnt: Learnt) -> None:
    before, after = learnt("large")
    assert statuses(before) == statuses(after)
    assert statuses(after)["n1_1"] == "failed"
    assert set(results(after)) == set(results(before))
    check_order(after, CORE_EDGES)


def test_a_node_that_fails_ends_all_waits(api: WorkflowApi, learnt: Learnt) -> None:
    _, after = learnt("failure")
    begun = time.monotonic()
    failed = api.execute(after["workflow_id"], {"pause": 25, "code": 404})  # c waits for b meanwhile
    assert (failed["status"], failed["error"]["node_id"]) == ("failed", "y")
    assert time.monotonic() - begun < 20
    shown = statuses(failed)
    assert (shown["a"], shown["y"]) == ("succeeded", "failed")
    assert shown.get("c") != "succeeded"


def test_a_retry_runs_what_is_left_of_a_latch_with_another(
    api: WorkflowApi, stack: LocalStack, learnt: Learnt
) -> None:
    """In the first one ``c`` waits for ``beside`` too, which is kept: then nothing waits for it."""
    _, after = learnt("gate")
    plan = api.http.get(f"/workflows/{after['workflow_id']}/plan").json()
    assert "beside" in {node_id for _, node_id in latches(plan["definition"])[0]}
    failed = api.execute(after["workflow_id"], {"code": 404, "pause": 4})
    assert (failed["status"], failed["error"]["node_id"]) == ("failed", "gate")
    again = {"inputs": {"code": 200, "pause": 4}}
    answer = api.http.post(f"/executions/{failed['id']}/retry", json=again)
    assert answer.status_code == 202, answer.text
    ended = api.end(answer.json()["id"])
    assert ended["status"] == "succeeded"
    kept = {run["node_id"]: run["kept_from"] for run in ended["nodes"]}
    assert (kept["before"], kept["beside"]) == (failed["id"], failed["id"])
    # No Task for what is kept, one for each of the others, and the wait of the latch.
    assert sorted(called(stack, ended)) == [[], ["a"], ["b"], ["c"], ["d"], ["gate"]]
    check_order(ended, ("before>gate", "beside>c", "beside>d", *GATE_EDGES))
    run = times(ended)
    assert run["d"][0] < run["a"][1]
