"""What orchestration costs: the time of an execution over the work of its nodes, on the local AWS."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise

from engine.json_value import JsonObject
from infra.cli.api_client import ApiClient
from infra.cli.bench.measurement import Measurement

GOAL_MILLISECONDS = 20  # a node, over its own work
WORK_SECONDS = 0.1  # what a heavy node does: it waits for an answer that takes this long
LENGTH = 10  # light nodes, then as many heavy ones; and as many side by side
REPEATS = 5  # the middle counts


def chain(data_url: str) -> JsonObject:
    """Light nodes, then heavy ones, one after another."""
    nodes = [_light(number) for number in range(LENGTH)]
    nodes += [_heavy(number, data_url) for number in range(LENGTH)]
    links = [{"source": before["id"], "target": after["id"]} for before, after in pairwise(nodes)]
    return {"name": "Bench: chain", "nodes": nodes, "connections": links}


def wide(data_url: str) -> JsonObject:
    """Heavy nodes side by side, between two light ones."""
    heavy = [_heavy(number, data_url) for number in range(LENGTH)]
    links = [{"source": "light0", "target": node["id"]} for node in heavy]
    links += [{"source": node["id"], "target": "light1"} for node in heavy]
    nodes = [_light(0), *heavy, _light(1)]
    return {"name": "Bench: wide", "nodes": nodes, "connections": links}


def measure_nodes(client: ApiClient, data_url: str) -> list[Measurement]:
    """Milliseconds of overhead a node: of a chain, and of a parallel part, whose work is that of one node."""
    shapes = {
        f"chain of {LENGTH} light and {LENGTH} heavy": (chain(data_url), LENGTH * WORK_SECONDS, 2 * LENGTH),
        f"{LENGTH} heavy side by side": (wide(data_url), WORK_SECONDS, LENGTH + 2),
    }
    found = []
    for name, (document, work_seconds, count) in shapes.items():
        workflow_id = client.create_workflow(document)["id"]
        run_to_end(client, workflow_id)  # the workers start
        seconds = statistics.median(
            run_to_end(client, workflow_id)["duration_seconds"] for _ in range(REPEATS)
        )
        overhead = (seconds - work_seconds) / count * 1000
        found.append(
            Measurement("nodes", name, round(overhead, 1), "ms of overhead a node", GOAL_MILLISECONDS)
        )
    return found


def run_to_end(client: ApiClient, workflow_id: str) -> JsonObject:
    """An execution that has ended; RuntimeError if it did not succeed."""
    execution = client.execute(workflow_id, {}, bypass_cache=True)
    while execution["status"] == "running":
        time.sleep(0.05)
        execution = client.execution(execution["id"])
    if execution["status"] != "succeeded":
        raise RuntimeError(f"the execution ended as {execution['status']}: {execution['error']}")
    return execution


def _light(number: int) -> JsonObject:
    return {"id": f"light{number}", "type": "output", "config": {"value": number}}


def _heavy(number: int, data_url: str) -> JsonObject:
    query = {"seconds": WORK_SECONDS, "number": number}
    return {"id": f"heavy{number}", "type": "http", "config": {"url": f"{data_url}/slow", "query": query}}
