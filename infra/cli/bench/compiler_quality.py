"""How close to the longest path a graph runs when it is compiled in one way or another.

All times are of the definition that was written (``engine.compiler.simulation``), not of what the compiler
thinks of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from engine.compiler import Profile, compile_workflow
from engine.compiler.cut import late_level_blocks
from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.emit import emit
from engine.compiler.latch import latch_of, note_latches
from engine.compiler.levels import level_tree
from engine.compiler.measure import execution_cost
from engine.compiler.poset import Poset, Shape
from engine.compiler.schedule import critical_path
from engine.compiler.series_parallel import limit_depth
from engine.compiler.simulation import Assumptions, simulate
from engine.compiler.step import plan_steps
from engine.compiler.tree import Leaf, Tree, in_parallel, in_series
from engine.dag import Dag, bits
from engine.json_value import JsonObject
from engine.registry import NodeRegistry
from engine.settings import EXECUTORS
from engine.validation import check_document
from engine.workflow import Workflow
from infra.cli.bench.scientific_graph import ScientificGraph
from infra.cli.compilation import LOCAL_TARGET

LEVELS, LATE_LEVELS = "levels", "ALAP"
KNOWN, TYPICAL, UNKNOWN = "true", "mean", "none"
# Every core a latch, whatever it costs.
LATCH = "latch"
WAYS = (LEVELS, LATE_LEVELS, KNOWN, TYPICAL, UNKNOWN, LATCH)

TARGETS: Mapping[str, str] = {name: LOCAL_TARGET.format(executor=name) for name in EXECUTORS}
NODE: JsonObject = {"type": "http", "config": {"url": "https://example.org"}}


@dataclass(frozen=True)
class CompilerQuality:
    """Of one graph: makespan over longest path, and transitions, by way; and seconds to compile."""

    family: str
    nodes: int
    ratios: Mapping[str, float]
    transitions: Mapping[str, int]
    compile_seconds: float
    is_series_parallel: bool


def measure_graph(graph: ScientificGraph, registry: NodeRegistry) -> CompilerQuality:
    """Compile a graph in every way, and run each definition on paper with the true seconds."""
    workflow = check_document(graph.document(NODE), registry)
    dag = Dag.of(workflow)
    definitions = {
        LEVELS: _write(level_tree(dag), workflow, registry),
        LATE_LEVELS: _write(_late_level_tree(dag), workflow, registry),
        LATCH: _write(_latch_tree(dag), workflow, registry),
    }
    slowest = 0.0
    profiles = {KNOWN: Profile(graph.seconds), TYPICAL: Profile(graph.typical_seconds()), UNKNOWN: None}
    reports: dict[str, JsonObject] = {}
    for way, profile in profiles.items():
        started = time.process_time()
        compiled = compile_workflow(workflow, registry, targets=TARGETS, profile=profile)
        slowest = max(slowest, time.process_time() - started)
        definitions[way], reports[way] = compiled.definition, compiled.report
    shortest = sum(graph.seconds[node_id] for node_id in critical_path(dag, graph.seconds))
    return CompilerQuality(
        graph.family,
        len(graph.seconds),
        {
            way: simulate(definition, Assumptions(graph.seconds)).makespan / shortest
            for way, definition in definitions.items()
        },
        {way: execution_cost(definition).transitions for way, definition in definitions.items()},
        slowest,
        reports[UNKNOWN]["waits_count"] == 0,
    )


def _write(tree: Tree, workflow: Workflow, registry: NodeRegistry) -> JsonObject:
    """The definition of a tree of single nodes."""
    steps = {step.id: step for step in plan_steps(workflow, registry, TARGETS)}
    return emit(tree, note_latches(tree, steps), workflow.settings.timeout_seconds).to_json()


def _late_level_tree(dag: Dag) -> Tree:
    """Each node as late as can be without making the levels more."""
    poset = Poset.of(dag)
    blocks = late_level_blocks(poset, poset.everything)
    return in_series(in_parallel(Leaf(poset.names[place]) for place in bits(block)) for block in blocks)


def _latch_tree(dag: Dag) -> Tree:
    """The series-parallel tree with a latch for each core."""
    poset = Poset.of(dag)
    unknown = [0.0] * len(poset.names)

    def find(steps: int) -> Deep[Tree]:
        shape, parts = poset.split(steps)
        if shape is Shape.LEAF:
            return Leaf(poset.names[steps.bit_length() - 1])
        if shape is Shape.CORE:
            return latch_of(poset, steps, unknown)
        found: list[Tree] = yield all_of(map(find, parts))
        return in_series(found) if shape is Shape.SERIES else in_parallel(found)

    return limit_depth(dag, run_deep(find(poset.everything)))
