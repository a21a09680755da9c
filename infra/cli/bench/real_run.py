"""Scientific workflows with nodes that sleep, on the local AWS: what is measured against what was foretold.

The same machine is run twice: once with nodes that take no time, which is the overhead of this computer, and
once with their seconds, scaled so that the longest path is bearable.
"""

from __future__ import annotations

from engine.compiler.schedule import critical_path
from engine.compiler.simulation import Assumptions, simulate
from engine.dag import Dag
from engine.json_value import JsonObject
from engine.workflow import Workflow
from infra.cli.api_client import ApiClient
from infra.cli.bench.measurement import Measurement
from infra.cli.bench.node_overhead import run_to_end
from infra.cli.bench.scientific_graph import ScientificGraph, make_graphs
from infra.cli.console import print_error

FAMILIES = ("epigenomics", "srasearch", "genome")
SIZE = 60  # nodes, about
LONGEST_PATH_SECONDS = 10.0
GOAL = 1.10  # measured over foretold and overhead


def measure_real_runs(client: ApiClient, data_url: str) -> list[Measurement]:
    """Four figures for each graph: foretold, overhead, measured, and how they fit."""
    found: list[Measurement] = []
    for graph in make_graphs(FAMILIES, (SIZE,)):
        print_error(f"running {graph.family} of {len(graph.seconds)} ...")
        found += _measure_graph(client, data_url, graph)
    return found


def _measure_graph(client: ApiClient, data_url: str, graph: ScientificGraph) -> list[Measurement]:
    seconds = _scaled(graph)
    workflow_id = client.create_workflow(_sleeping(graph, data_url, seconds))["id"]
    foretold = simulate(client.plan(workflow_id)["definition"], Assumptions(seconds)).makespan
    idle_id = client.create_workflow(_sleeping(graph, data_url, dict.fromkeys(seconds, 0.0)))["id"]
    run_to_end(client, idle_id)  # the workers start
    overhead = run_to_end(client, idle_id)["duration_seconds"]
    measured = run_to_end(client, workflow_id)["duration_seconds"]
    name = f"{graph.family} of {len(seconds)}"
    return [
        Measurement("real", f"{name}: foretold", round(foretold, 2), "s"),
        Measurement("real", f"{name}: with nodes that take no time", round(overhead, 2), "s"),
        Measurement("real", f"{name}: measured", round(measured, 2), "s"),
        Measurement(
            "real", f"{name}: measured over both", round(measured / (foretold + overhead), 3), "x", GOAL
        ),
    ]


def _scaled(graph: ScientificGraph) -> dict[str, float]:
    """The seconds of the nodes, such that the longest path takes ``LONGEST_PATH_SECONDS``."""
    dag = Dag.of(Workflow.model_validate(graph.document({"type": "http"})))
    longest = sum(graph.seconds[node_id] for node_id in critical_path(dag, graph.seconds))
    return {
        node_id: round(seconds * LONGEST_PATH_SECONDS / longest, 3)
        for node_id, seconds in graph.seconds.items()
    }


def _sleeping(graph: ScientificGraph, data_url: str, seconds: dict[str, float]) -> JsonObject:
    """The graph with a node for each task that waits for an answer as long as the task took."""
    document = graph.document({"type": "http"})
    for node in document["nodes"]:
        query = {"seconds": seconds[node["id"]], "node": node["id"]}
        node["config"] = {"url": f"{data_url}/slow", "query": query}
    return document
