from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from infra.cli.bench.compiler_bench import example_table, goals, quality_as_json, quality_table
from infra.cli.bench.compiler_quality import (
    KNOWN,
    LATCH,
    LEVELS,
    TYPICAL,
    UNKNOWN,
    CompilerQuality,
    measure_graph,
)
from infra.cli.bench.scientific_graph import ScientificGraph
from infra.cli.compilation import installed_nodes

# Two chains of a short and a long task: levels wait for the long one in each of them.
CHAINS = ScientificGraph(
    "chains",
    {"a": 1, "b": 9, "c": 9, "d": 1},
    {"a": "short", "b": "long", "c": "long", "d": "short"},
    [("a", "b"), ("c", "d")],
)
# The graph that no nesting of branches has: a -> c, a and b -> d.
N_SHAPE = ScientificGraph(
    "n",
    {"a": 1, "b": 4, "c": 9, "d": 1},
    {"a": "first", "b": "first", "c": "last", "d": "last"},
    [("a", "c"), ("a", "d"), ("b", "d")],
)


def measure(graph: ScientificGraph) -> CompilerQuality:
    return measure_graph(graph, installed_nodes())


def test_a_series_parallel_graph_takes_its_longest_path_whatever_is_known() -> None:
    found = measure(CHAINS)
    assert found.is_series_parallel
    assert found.ratios[LEVELS] == pytest.approx(1.8)
    assert found.ratios[KNOWN] == found.ratios[TYPICAL] == found.ratios[UNKNOWN] == pytest.approx(1)
    assert found.transitions == {LEVELS: 6, "ALAP": 6, KNOWN: 5, TYPICAL: 5, UNKNOWN: 5, LATCH: 5}
    assert all(goal.is_met for goal in goals([found]))


def test_a_latch_has_no_barrier() -> None:
    found = measure(N_SHAPE)
    assert found.ratios[LATCH] == pytest.approx(1)
    assert found.ratios[LEVELS] > 1.1
    assert found.transitions[LATCH] == 6


def test_known_durations_are_those_of_the_nodes_and_typical_ones_of_their_types() -> None:
    assert N_SHAPE.typical_seconds() == {"a": 2.5, "b": 2.5, "c": 5, "d": 5}
    found = measure(N_SHAPE)
    assert not found.is_series_parallel
    assert 1 <= found.ratios[KNOWN] <= found.ratios[LEVELS]


def test_a_goal_that_is_missed_is_told() -> None:
    ratios = {LEVELS: 1.0, "ALAP": 1.0, KNOWN: 1.2, TYPICAL: 1.0, UNKNOWN: 1.0}
    slow = CompilerQuality("slow", 4, ratios, dict.fromkeys(ratios, 5), 6.0, is_series_parallel=False)
    assert [goal.name for goal in goals([slow]) if not goal.is_met] == [
        "true durations, mean",
        "true durations, worst",
        "ours over levels, worst",
        "slowest compile",
    ]


def test_the_tables_fit_into_eighty_columns() -> None:
    text = io.StringIO()
    console = Console(file=text, width=80)
    console.print(quality_table([measure(CHAINS), measure(N_SHAPE)]))
    console.print(example_table())
    lines = text.getvalue().splitlines()
    assert any("chains SP" in line and "4-4" in line and "1.800" in line for line in lines)
    assert any("video_creator" in line for line in lines)
    assert "…" not in text.getvalue()


def test_all_figures_are_there_as_json() -> None:
    figures = json.loads(quality_as_json([measure(CHAINS)]))
    assert figures["graphs"][0]["nodes"] == 4
    assert {"name", "value", "goal"} < figures["goals"][0].keys()
