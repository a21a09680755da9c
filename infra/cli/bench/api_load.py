"""The API under load: executions per second, and how long its answers take."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.json_value import JsonObject
from infra.cli.api_client import ApiClient
from infra.cli.bench.measurement import Measurement, percentile
from infra.cli.bench.node_overhead import run_to_end

REQUESTS = 200  # answers that the percentiles are of
CONCURRENT = 20  # executions at the same time
EXECUTIONS = 100

SMALL_WORKFLOW: JsonObject = {
    "name": "Bench: small",
    "nodes": [
        {"id": "who", "type": "input", "config": {"name": "who", "type": "string", "default": "world"}},
        {"id": "greeting", "type": "output", "config": {"value": "Hello, {{who.output}}!"}},
    ],
    "connections": [{"source": "who", "target": "greeting"}],
}


def measure_api(client: ApiClient) -> list[Measurement]:
    """Milliseconds of reading and of saving a workflow: the middle, and what one in a hundred exceeds."""
    workflow_id = client.create_workflow(SMALL_WORKFLOW)["id"]
    execution_id = run_to_end(client, workflow_id)["id"]
    calls: dict[str, Callable[[], object]] = {
        "read an execution": lambda: client.execution(execution_id),
        "start an execution": lambda: client.execute(workflow_id, {}),
    }
    found = []
    for name, call in calls.items():
        milliseconds = [_timed(call) for _ in range(REQUESTS)]
        for percent in (50, 99):
            value = round(percentile(milliseconds, percent), 1)
            found.append(Measurement("api", f"{name}, p{percent}", value, "ms"))
    return found


def measure_rate(client: ApiClient) -> list[Measurement]:
    """Executions per second from start to end, twenty of them at a time."""
    workflow_id = client.create_workflow(SMALL_WORKFLOW)["id"]

    def run_many(count: int) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(CONCURRENT) as pool:
            for _ in pool.map(lambda _: run_to_end(client, workflow_id), range(count)):
                pass
        return count / (time.perf_counter() - started)

    run_many(CONCURRENT)  # the workers start
    rate = round(run_many(EXECUTIONS), 1)
    return [Measurement("api", f"{CONCURRENT} executions at a time", rate, "executions a second")]


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000
