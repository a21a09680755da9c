"""``bench compiler``: what the compiler makes of scientific workflows, and of the examples."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby

from rich.console import Console
from rich.table import Table

from engine.compiler import Compiled
from engine.price_list import USD_PER_TRANSITION
from infra.cli.bench.compiler_quality import (
    KNOWN,
    LEVELS,
    TYPICAL,
    UNKNOWN,
    WAYS,
    CompilerQuality,
    measure_graph,
)
from infra.cli.bench.measurement import Measurement
from infra.cli.bench.scientific_graph import make_graphs
from infra.cli.compilation import compile_file, installed_nodes
from infra.cli.console import print_error
from infra.cli.document_file import example_files

# Makespan over longest path: what is floating point and what is time.
EXACT = 1 + 1e-6


def measure_quality() -> list[CompilerQuality]:
    """Of every graph, family by family."""
    print_error("making graphs ...")
    graphs, registry = make_graphs(), installed_nodes()
    found = []
    for graph in graphs:
        print_error(f"compiling {graph.family} of {len(graph.seconds)} ...")
        found.append(measure_graph(graph, registry))
    return found


def goals(found: Sequence[CompilerQuality]) -> list[Measurement]:
    """What the compiler is to reach, over all graphs."""
    exact = [quality.ratios[UNKNOWN] for quality in found if quality.is_series_parallel]
    known = [quality.ratios[KNOWN] for quality in found]
    over_levels = [
        quality.ratios[way] / quality.ratios[LEVELS] for quality in found for way in (KNOWN, TYPICAL, UNKNOWN)
    ]
    unknown = [quality.ratios[UNKNOWN] for quality in found]
    slowest = max(quality.compile_seconds for quality in found)
    rows = [
        (f"series-parallel ({len(exact)}), no history, worst", max(exact, default=1.0), EXACT),
        ("true durations, mean", statistics.fmean(known), 1.005),
        ("true durations, worst", max(known), 1.03),
        ("no history, mean", statistics.fmean(unknown), 1.02),
        ("ours over levels, worst", max(over_levels), EXACT),
    ]
    return [
        *(Measurement("compiler", name, round(value, 6), "x", goal) for name, value, goal in rows),
        Measurement("compiler", "slowest compile", round(slowest, 2), "s of processor", 5.0),
    ]


def quality_table(found: Iterable[CompilerQuality]) -> Table:
    """A row for each family: means of its graphs."""
    table = Table(
        title="Makespan / longest path: by levels, by late levels (ALAP), ours with\n"
        "true durations, with the mean of the node type, with none, and a latch\n"
        "for every core (its waits cost nothing here); transitions a node by\n"
        "levels and ours; seconds to compile; SP: series-parallel",
        title_justify="left",
        box=None,  # a rule between columns would leave too little room for the figures
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("family", "nodes", *WAYS, "transitions", "s"):
        table.add_column(heading, justify="left" if heading == "family" else "right", no_wrap=True)
    for family, group in groupby(found, key=lambda quality: quality.family):
        rows = list(group)
        sizes = [quality.nodes for quality in rows]
        kind = " SP" if all(quality.is_series_parallel for quality in rows) else ""
        ratios = (statistics.fmean(quality.ratios[way] for quality in rows) for way in WAYS)
        table.add_row(
            family + kind,
            f"{min(sizes)}-{max(sizes)}",
            *(f"{ratio:.3f}" for ratio in ratios),
            " ".join(f"{_per_node(rows, way):.2f}" for way in (LEVELS, UNKNOWN)),
            f"{max(quality.compile_seconds for quality in rows):.1f}",
        )
    return table


def example_table() -> Table:
    """Transitions, Lambda calls and cost of the examples: by levels with a Task a node, and now."""
    table = Table(title="Examples: level compiler → now", title_justify="left")
    for heading in ("example", "nodes", "transitions", "Lambda calls", "USD for transitions of 1,000"):
        table.add_column(heading, justify="left" if heading == "example" else "right")
    for path in example_files():
        table.add_row(path.stem, *_example_row(compile_file(path)))
    return table


def quality_as_json(found: Sequence[CompilerQuality]) -> str:
    """All figures, by graph, and the goals."""
    figures = {
        "graphs": [asdict(quality) for quality in found],
        "goals": [measurement.as_json() for measurement in goals(found)],
    }
    return json.dumps(figures, indent=2)


def print_quality(found: Sequence[CompilerQuality]) -> None:
    """What was measured, and the examples."""
    console = Console(highlight=False)
    console.print(quality_table(found))
    console.print(example_table())


def _example_row(compiled: Compiled) -> list[str]:
    report = compiled.report
    before = report["level_compiler"]
    usd = [1_000 * USD_PER_TRANSITION * counts["state_transitions"] for counts in (before, report)]
    return [
        str(report["nodes"]),
        f"{before['state_transitions']} → {report['state_transitions']}",
        f"{before['lambda_invocations']} → {report['lambda_invocations']}",
        f"{usd[0]:.3f} → {usd[1]:.3f}",
    ]


def _per_node(rows: Sequence[CompilerQuality], way: str) -> float:
    return statistics.fmean(quality.transitions[way] / quality.nodes for quality in rows)
