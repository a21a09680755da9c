"""Executions teach how long nodes take; a recompilation plans with that."""

from __future__ import annotations

import time
from typing import Any

from infra.local.stack import LocalStack
from tests.integration.documents import connect, http_node, workflow
from tests.integration.workflow_api import WorkflowApi

# No nesting of sequences and parallels orders this without a wait: by levels, d waits for c too.
EDGES = ("a>d", "b>d", "b>e", "c>e", "c>f", "d>g", "e>g")
SECONDS = {"a": 0.0, "b": 0.0, "c": 1.0, "d": 1.0, "e": 0.0, "f": 0.0, "g": 0.0}


def crossed(stack: LocalStack) -> dict[str, Any]:
    nodes = [http_node(name, f"{stack.data_url}/slow?seconds={seconds}") for name, seconds in SECONDS.items()]
    return workflow(*nodes, connections=connect(*EDGES))


def profile_of(api: WorkflowApi, workflow_id: str) -> dict[str, Any]:
    """The profile, once the execution that has just ended is in it: it is written after the end."""
    deadline = time.monotonic() + 30
    while not (found := api.http.get(f"/workflows/{workflow_id}/profile").json())["nodes"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    shown: dict[str, Any] = found
    return shown


def test_a_workflow_is_planned_anew_with_what_its_executions_took(
    api: WorkflowApi, stack: LocalStack
) -> None:
    workflow_id = api.save(crossed(stack))
    nothing = api.http.post(f"/workflows/{workflow_id}/recompile").json()
    assert (nothing["changed"], "No execution" in nothing["reason"]) == (False, True)
    first = api.execute(workflow_id)
    assert first["status"] == "succeeded"
    known = profile_of(api, workflow_id)
    assert set(known["durations"]) == set(SECONDS)
    assert all(known["durations"][name] >= seconds for name, seconds in SECONDS.items())
    took = {run["node_id"]: run["duration_seconds"] for run in first["nodes"]}
    assert known["durations"] == took
    answer = api.http.post(f"/workflows/{workflow_id}/recompile", headers={"If-Match": '"1"'})
    gained = answer.json()
    print(gained)
    assert (answer.status_code, gained["changed"], gained["version"]) == (200, True, 2)
    assert gained["after"]["makespan_seconds"] <= gained["before"]["makespan_seconds"]
    plan = api.http.get(f"/workflows/{workflow_id}/plan").json()
    assert plan["profile"]["durations"] == known["durations"]
    assert plan["report"]["predicted"]["makespan_seconds"] == gained["after"]["makespan_seconds"]
    second = api.execute(workflow_id)
    assert (second["status"], second["version"]) == ("succeeded", 2)
    trail = api.http.get("/audit?action=workflow.recompile").json()["items"]
    assert trail[0]["target"] == f"workflow:{workflow_id}"
    assert api.http.get(f"/workflows/{workflow_id}/profile").status_code == 200
