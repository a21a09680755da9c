"""Latches through HTTP: a node of a prime core starts when its own sources have ended, and none earlier."""

from __future__ import annotations

import itertools
import time
from datetime import datetime
from typing import Any

from infra.local.stack import LocalStack
from tests.integration.documents import connect, http_node, node, workflow
from tests.integration.test_profile import profile_of
from tests.integration.test_shared_task import called
from tests.integration.workflow_api import WorkflowApi, results, statuses
from tests.property.definition_order import latches

# By whatever barrier, this takes a second longer than its critical path of four.
N_SECONDS = {"a": 2.0, "b": 1.0, "c": 2.0, "d": 3.0}
N_EDGES = ("a>c", "b>c", "b>d")


def planned_anew(
    api: WorkflowApi, document: dict[str, Any], *, sure: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An execution by barriers, which teaches what nodes take, and one that was planned with that.

    ``sure``: a latch is the best plan however busy the machine is; else it may be a cut.
    """
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


def test_a_latch_has_no_barrier_and_keeps_the_order(api: WorkflowApi, stack: LocalStack) -> None:
    nodes = [http_node(name, f"{stack.data_url}/slow?seconds={s}") for name, s in N_SECONDS.items()]
    before, after = planned_anew(api, workflow(*nodes, connections=connect(*N_EDGES)))
    assert statuses(before) == statuses(after) == dict.fromkeys(N_SECONDS, "succeeded")
    for execution in (before, after):
        check_order(execution, N_EDGES)
    run = times(after)
    assert run["d"][0] < run["a"][1]
    ended = max(datetime.fromisoformat(run[source][1]) for source in "ab")
    joined = (datetime.fromisoformat(run["c"][0]) - ended).total_seconds()
    print(f"from the end of the last source through the wait: {joined:.2f} s")


def test_a_large_core_runs_with_skipped_and_failed_nodes_on_its_way(
    api: WorkflowApi, stack: LocalStack
) -> None:
    rows, columns = 3, 4
    seconds = iter([1.0, 1.0, 2.0, 0.2, 0.1, 0.2, 1.0, 2.0, 0.2, 2.0, 1.0, 0.2])
    nodes: list[dict[str, Any]] = []
    for column, row in itertools.product(range(columns), range(rows)):
        made = http_node(f"n{column}_{row}", f"{stack.data_url}/slow?seconds={next(seconds)}")
        nodes.append(made)
    nodes[4] = http_node("n1_1", f"{stack.data_url}/status/404", on_error="continue")
    nodes[7]["join"] = "all"
    edges = [
        f"n{column}_{row}>n{column + 1}_{target}"
        for column, row in itertools.product(range(columns - 1), range(rows))
        for target in (row, row + 1)
        if target < rows
    ]
    before, after = planned_anew(api, workflow(*nodes, connections=connect(*edges)), sure=False)
    assert statuses(before) == statuses(after)
    assert statuses(after)["n1_1"] == "failed"
    assert set(results(after)) == set(results(before))
    check_order(after, tuple(edges))


def test_a_node_that_fails_ends_all_waits(api: WorkflowApi, stack: LocalStack) -> None:
    urls = {name: f"slow?seconds={seconds}" for name, seconds in (N_SECONDS | {"x": 2.5}).items()}
    urls |= {"b": "slow?seconds={{pause.output}}", "y": "status/{{code.output}}"}
    document = workflow(
        node("pause", "input", name="pause", type="number", default=1),
        node("code", "input", name="code", type="number", default=200),
        *(http_node(name, f"{stack.data_url}/{url}") for name, url in urls.items()),
        connections=connect("pause>b", "code>y", "x>y", *N_EDGES),
    )
    _, after = planned_anew(api, document)
    begun = time.monotonic()
    failed = api.execute(after["workflow_id"], {"pause": 25, "code": 404})  # c waits for b meanwhile
    assert (failed["status"], failed["error"]["node_id"]) == ("failed", "y")
    assert time.monotonic() - begun < 20
    shown = statuses(failed)
    assert (shown["a"], shown["y"]) == ("succeeded", "failed")
    assert shown.get("c") != "succeeded"


def test_a_retry_runs_what_is_left_of_a_latch_with_another(api: WorkflowApi, stack: LocalStack) -> None:
    """In the first one ``c`` waits for ``beside`` too, which is kept: then nothing waits for it."""
    urls = {name: f"slow?seconds={seconds}" for name, seconds in N_SECONDS.items()}
    urls |= {"before": "slow?seconds={{pause.output}}", "gate": "status/{{code.output}}"}
    urls |= {"beside": "slow?seconds=1.9"}
    left = ("gate>a", "gate>b", *N_EDGES)
    document = workflow(
        node("code", "input", name="code", type="number", default=200),
        node("pause", "input", name="pause", type="number", default=1),
        *(http_node(name, f"{stack.data_url}/{url}") for name, url in urls.items()),
        connections=connect("code>gate", "pause>before", "before>gate", "beside>c", "beside>d", *left),
    )
    _, after = planned_anew(api, document)
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
    check_order(ended, ("before>gate", "beside>c", "beside>d", *left))
    run = times(ended)
    assert run["d"][0] < run["a"][1]
