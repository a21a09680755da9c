"""Two hundred random workflows through HTTP, Step Functions and deployed functions, against the reference.

Besides scripted nodes they have some that wait until a moment, ask a person, or run another workflow.
Those that no failure stops run ten at a time, as islands of one workflow; what stops an execution is alone.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random, randrange
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings

from engine.workflow import Workflow
from tests.integration.workflow_api import WorkflowApi
from tests.property.flow_kind import FILLED_IN, KINDS, Flow, child_document, mix_in
from tests.property.random_workflow import workflows
from tests.property.reference import STOPS, Outcome, interpret
from tests.property.test_connection_rule import SLOW

ISLANDS, STOPPING = 150, 50
ISLANDS_AT_ONCE = 10
AT_ONCE = 2
# Of about equal length. A file of many tests is handed out early, so that nobody waits for it at the end.
PARTS = 13
LONG_SECONDS = 300.0


@pytest.fixture(scope="module")
def cases(api: WorkflowApi) -> list[Workflow]:
    """What is run: those that go on to their end as islands, those that a failure stops one by one."""
    child = api.save(child_document())
    flow, seed = Flow(child, datetime.now(UTC).replace(microsecond=0)), randrange(1_000_000)
    print(f"kinds of nodes are mixed by seed {seed}")
    going, stopping = draw_cases(flow, Random(seed))
    kinds = Counter(node.type for workflow in (*going, *stopping) for node in workflow.nodes)
    assert all(kinds[kind] >= 5 for kind in KINDS), kinds
    batches = [
        join_islands(going[first : first + ISLANDS_AT_ONCE]) for first in range(0, ISLANDS, ISLANDS_AT_ONCE)
    ]
    return [*batches, *stopping]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_two_hundred_random_workflows_come_to_what_the_connection_rule_says(
    api: WorkflowApi, cases: list[Workflow], part: int
) -> None:
    mine = cases[part::PARTS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(lambda case: run_case(api, case), mine))
    for case, execution in zip(mine, ended, strict=True):
        check_execution(case, execution)


def run_case(api: WorkflowApi, case: Workflow) -> dict[str, Any]:
    """The execution of a case once it has ended; who looks seldom takes little from the machine."""
    started = str(api.start(api.save(case.as_document()))["id"])
    asking = {node.id for node in case.nodes if node.type == "approval"}
    deadline = time.monotonic() + LONG_SECONDS
    while asking and (execution := api.http.get(f"/executions/{started}").json())["status"] == "running":
        assert time.monotonic() < deadline, execution
        waiting = [run["node_id"] for run in execution["nodes"] if run["status"] == "waiting"]
        asking -= {node_id for node_id in waiting if node_id in asking and answer(api, started, node_id)}
        time.sleep(0.3)
    return api.end(started, LONG_SECONDS, look_seconds=0.3)


def answer(api: WorkflowApi, execution_id: str, node_id: str) -> bool:
    """Do with a question what its title says, by its link; whether it was there."""
    question = api.http.get(f"/executions/{execution_id}/nodes/{node_id}").json()["approval"]
    if question is None:
        return False
    if question["title"] == "approve":
        answered = httpx.post(question["approve_url"], json={"data": FILLED_IN}, timeout=60)
    elif question["title"] == "reject":
        answered = httpx.post(question["reject_url"], json={}, timeout=60)
    else:
        return True
    # Another node may have stopped the execution meanwhile.
    gone = api.http.get(f"/executions/{execution_id}").json()["status"] == "failed"
    assert answered.status_code == 200 or (gone and answered.status_code == 410), answered.text
    return True


def draw_cases(flow: Flow, chance: Random) -> tuple[list[Workflow], list[Workflow]]:
    """So many workflows that come to their end, and so many that a failure stops."""
    going: list[Workflow] = []
    stopping: list[Workflow] = []

    @settings(
        max_examples=150, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=SLOW
    )
    @given(workflows(behaviours=5))
    def collect(behaviours: list[Workflow]) -> None:
        for workflow in mix_in(behaviours, flow, chance):
            stops = any(outcome.status == STOPS for outcome in interpret(workflow).values())
            (stopping if stops else going).append(workflow)

    collect()
    assert len(going) >= ISLANDS
    assert len(stopping) >= STOPPING
    # Some of each shape, and of every shape: behaviours of one stand side by side.
    return going[:: len(going) // ISLANDS][:ISLANDS], stopping[:: len(stopping) // STOPPING][:STOPPING]


def join_islands(islands: Sequence[Workflow]) -> Workflow:
    """Workflows side by side in one; ids get the number of their island."""
    nodes: list[Any] = []
    connections: list[Any] = []
    for number, island in enumerate(islands):
        document = re.sub(r"\bn(\d+)\b", rf"i{number}_n\1", island.model_dump_json(exclude_unset=True))
        part = Workflow.model_validate_json(document).as_document()
        nodes += part["nodes"]
        connections += part["connections"]
    return Workflow.model_validate({"name": "islands", "nodes": nodes, "connections": connections})


def check_execution(workflow: Workflow, execution: dict[str, Any]) -> None:
    """Nodes ended as the rule says, and all of them where the execution succeeded."""
    expected = interpret(workflow)
    stops = any(outcome.status == STOPS for outcome in expected.values())
    assert execution["status"] == ("failed" if stops else "succeeded"), execution
    ended = {
        run["node_id"]: as_outcome(run)
        for run in execution["nodes"]
        if run["output_name"] is not None or run["status"] == "skipped"
    }
    assert ended == {node_id: expected[node_id] for node_id in ended}
    if not stops:
        assert ended.keys() == expected.keys()


def as_outcome(run: dict[str, Any]) -> Outcome:
    result = run["result"]
    output = result["output"] if result is not None else None
    return Outcome(run["status"], run["output_name"], output, has_result=result is not None)
