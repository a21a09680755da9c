"""Standard and express machines side by side: executions per second, and how long one who waits waits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from engine.json_value import JsonObject
from infra.cli.api_client import ApiClient
from infra.cli.bench.api_load import SMALL_WORKFLOW
from infra.cli.bench.measurement import Measurement, percentile
from infra.cli.bench.node_overhead import run_to_end

CONCURRENT = 5
EXECUTIONS = 40
WAITS = 20
# Short enough that `?wait=` may run an express machine in one call.
TIMEOUT_SECONDS = 20


def measure_machine_types(client: ApiClient) -> list[Measurement]:
    """The same small workflow on both; what one waits is the time of an `execute?wait=20`."""
    found = []
    for mode in ("standard", "express"):
        many, waited_for = (
            client.create_workflow(SMALL_WORKFLOW | {"settings": {"mode": mode, **settings}})["id"]
            for settings in ({}, {"timeout_seconds": TIMEOUT_SECONDS})
        )
        _run_many(client, many, CONCURRENT)  # the workers start
        rate = round(_run_many(client, many, EXECUTIONS), 1)
        found.append(Measurement("express", f"{mode}, {CONCURRENT} at a time", rate, "executions a second"))
        waited = [_wait_milliseconds(client, waited_for) for _ in range(WAITS)]
        for percent in (50, 99):
            value = round(percentile(waited, percent), 1)
            found.append(Measurement("express", f"{mode}, waited for, p{percent}", value, "ms"))
    return found


def _run_many(client: ApiClient, workflow_id: str, count: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENT) as pool:
        for _ in pool.map(lambda _: run_to_end(client, workflow_id), range(count)):
            pass
    return count / (time.perf_counter() - started)


def _wait_milliseconds(client: ApiClient, workflow_id: str) -> float:
    started = time.perf_counter()
    ended: JsonObject = client.execute(workflow_id, {}, wait_seconds=TIMEOUT_SECONDS)
    if ended["status"] != "succeeded":
        raise RuntimeError(f"the execution stands as {ended['status']}: {ended['error']}")
    return (time.perf_counter() - started) * 1000
