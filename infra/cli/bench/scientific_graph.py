"""Graphs of scientific workflows, with the seconds of their tasks, as WfCommons makes them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.json_value import JsonObject
from infra.build.environment import ensure_environment

# https://docs.wfcommons.org/en/latest/user_api_reference.html: the recipes, by their names
FAMILIES = (
    "montage",
    "epigenomics",
    "cycles",
    "genome",
    "seismology",
    "srasearch",
    "blast",
    "bwa",
    "soykb",
    "rnaseq",
)
SIZES = (
    50,
    110,
    200,
    300,
)  # nodes, about; of the first, only what the traces of a family are small enough for
SCRIPT = Path(__file__).with_name("wfcommons_graphs.py")


@dataclass(frozen=True)
class ScientificGraph:
    """``seconds`` and ``types`` by node id; ``links`` from node to node."""

    family: str
    seconds: Mapping[str, float]
    types: Mapping[str, str]
    links: Sequence[tuple[str, str]]

    def document(self, node: JsonObject) -> JsonObject:
        """The graph as a workflow of nodes that are all like this one."""
        return {
            "name": f"{self.family} of {len(self.seconds)}",
            "nodes": [{**node, "id": node_id} for node_id in self.seconds],
            "connections": [{"source": source, "target": target} for source, target in self.links],
        }

    def typical_seconds(self) -> dict[str, float]:
        """For each node the mean of its type: what is expected of a node that has not run yet."""
        by_type: dict[str, list[float]] = {}
        for node_id, seconds in self.seconds.items():
            by_type.setdefault(self.types[node_id], []).append(seconds)
        return {node_id: statistics.fmean(by_type[self.types[node_id]]) for node_id in self.seconds}


def make_graphs(
    families: Sequence[str] = FAMILIES, sizes: Sequence[int] = SIZES
) -> tuple[ScientificGraph, ...]:
    """The graphs of all families and sizes, the same each time; made in an environment of its own."""
    python = ensure_environment("bench") / "bin" / "python"
    answer = subprocess.run(
        [str(python), "-s", str(SCRIPT)],
        input=json.dumps({"families": families, "sizes": sizes}),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0", "MPLCONFIGDIR": str(python.parent)},
    )
    return tuple(_read_graph(graph) for graph in json.loads(answer.stdout))


def _read_graph(graph: JsonObject) -> ScientificGraph:
    ids = [f"n{index}" for index in range(len(graph["nodes"]))]
    return ScientificGraph(
        graph["family"],
        {node_id: node["seconds"] for node_id, node in zip(ids, graph["nodes"], strict=True)},
        {node_id: node["type"] for node_id, node in zip(ids, graph["nodes"], strict=True)},
        [(ids[source], ids[target]) for source, target in graph["links"]],
    )
