"""Whether all that is kept of executions agrees: the record, its node runs, and Step Functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.json_value import JsonObject
from infra.cli.api_client import ApiClient, ApiProblemError
from infra.local.deployment import local_client

# Executions that are looked at side by side.
LOOKS_AT_ONCE = 8
PAUSE_SECONDS = 0.5


def wait_for_ends(client: ApiClient, ids: Iterable[str], timeout_seconds: float) -> dict[str, JsonObject]:
    """Each execution once it has ended, or as it stands when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    found: dict[str, JsonObject] = {}
    waiting = list(ids)
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        while waiting:
            for execution in pool.map(lambda name: _look(client, name), waiting):
                found[execution["id"]] = execution
            waiting = [name for name in waiting if found[name]["status"] == "running"]
            if time.monotonic() > deadline:
                break
            if waiting:
                time.sleep(PAUSE_SECONDS)
    return found


def _look(client: ApiClient, execution_id: str) -> JsonObject:
    """The execution; as running where the API cannot say just now, so that it is asked again."""
    try:
        return client.execution(execution_id)
    except ApiProblemError:
        return {"id": execution_id, "status": "running"}


def machine_statuses(endpoint: str, workflow_id: str) -> dict[str, str]:
    """What Step Functions says of each execution of a workflow, by its name."""
    machines = local_client(endpoint, "stepfunctions")
    found: dict[str, str] = {}
    for page in machines.get_paginator("list_state_machines").paginate():
        for machine in page["stateMachines"]:
            if workflow_id not in machine["name"]:
                continue
            pages = machines.get_paginator("list_executions")
            for executions in pages.paginate(stateMachineArn=machine["stateMachineArn"]):
                found |= {one["name"]: one["status"].lower() for one in executions["executions"]}
    return found


def disagreements(
    executions: Mapping[str, JsonObject],
    machines: Mapping[str, str],
    node_ids: frozenset[str],
    expected: Callable[[str], Any],
) -> list[str]:
    """What does not fit, in words; of a success also an output that is not the expected one."""
    return [
        f"{name}: {what}"
        for name, execution in executions.items()
        for what in _faults(execution, machines.get(name), node_ids, expected(name))
    ]


def _faults(
    execution: JsonObject, machine: str | None, node_ids: frozenset[str], expected: Any
) -> Iterable[str]:
    status = execution["status"]
    if status == "running":
        yield f"it runs still; Step Functions says {machine}"
        return
    runs = {run["node_id"]: run["status"] for run in execution["nodes"]}
    if machine != status and not (machine is None and status == "failed"):
        yield f"the record says {status}, Step Functions {machine}"
    if status == "succeeded":
        if execution["output"] != expected:
            yield f"its output is {execution['output']}, not {expected}"
        if runs != dict.fromkeys(node_ids, "succeeded"):
            yield f"its node runs are {runs}"
        return
    if execution["error"] is None or not execution["error"]["message"]:
        yield f"it ended as {status} without a reason"
    left = {node: run for node, run in runs.items() if run in ("pending", "running", "waiting")}
    if left:
        yield f"it ended as {status} with node runs open: {left}"
