"""Retries, also where finished nodes stand inside the core of a latch: what is kept counts as arrived."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.compiler import Compiled, compile_workflow
from engine.dag import Dag
from engine.execution import NodeStatus
from engine.workflow import Workflow
from nodes.input_node import InputNode
from tests.property.definition_order import latches, nodes_before
from tests.property.every_core import every_core_a_latch
from tests.property.machine_run import run_and_retry
from tests.property.reference import STOPS, interpret
from tests.property.scripted_node import TARGETS, make_registry
from tests.property.test_connection_rule import check_against_reference

REGISTRY = make_registry()
REGISTRY.register(InputNode)
ALL_TARGETS = TARGETS | {"core": TARGETS["custom"]}
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
# Of each retry: nodes kept that the first machine's latches had to do with, and waits of the second one.
SEEN: list[tuple[int, int]] = []
FAULTS = [{}, {}, {}, {"dies": True}, {"failures": 4}, {"overruns": 3}]


@st.composite
def failing_cores(draw: st.DrawFn) -> Workflow:
    """A graph around one that no nesting of branches has exactly, in which some nodes fail."""
    ids = [f"n{index}" for index in range(draw(st.integers(6, 10)))]
    pairs = [(one, other) for at, one in enumerate(ids) for other in ids[at + 1 :]]
    edges = {("n0", "n2"), ("n1", "n2"), ("n1", "n3"), ("n2", "n4"), ("n3", "n4"), ("n3", "n5")}
    edges |= set(draw(st.lists(st.sampled_from(pairs), max_size=4)))
    nodes: list[dict[str, Any]] = []
    for node_id in ids:
        kind = draw(st.sampled_from(["act", "act", "act", "quick", "poll", "branch"]))
        node: dict[str, Any] = {"id": node_id, "type": kind, "config": dict(draw(st.sampled_from(FAULTS)))}
        if kind == "quick":
            node["config"].pop("failures", None)
            node["config"].pop("overruns", None)
        node["on_error"] = draw(st.sampled_from(["stop", "stop", "stop", "continue", "output"]))
        node["join"] = draw(st.sampled_from(["any", "any", "all"]))
        if kind == "act" and draw(st.sampled_from([False, False, True])):
            node["for_each"] = {"items": [0, 1, 2], "max_concurrency": 2}
            node["config"] = {"dies_on": draw(st.sampled_from([[], [], [1]]))}
        if kind == "branch":
            node["config"]["leaves"] = "left"
        nodes.append(node)
    types = {node["id"]: node["type"] for node in nodes}
    outputs = {name: "left" if types[name] == "branch" else "main" for name in ids}
    links = [
        {"source": source, "source_output": outputs[source], "target": target}
        for source, target in sorted(edges)
    ]
    return Workflow.model_validate(
        {"name": "core", "nodes": draw(st.permutations(nodes)), "connections": links}
    )


def mended(workflow: Workflow, node_ids: set[str]) -> Workflow:
    """The document in which these nodes do not fail any more."""
    leaves = {"act": {}, "quick": {}, "poll": {}, "branch": {"leaves": "left"}}
    nodes = tuple(
        node.model_copy(update={"config": leaves[node.type]}) if node.id in node_ids else node
        for node in workflow.nodes
    )
    return workflow.model_copy(update={"nodes": nodes})


def compiled(workflow: Workflow) -> Compiled:
    with every_core_a_latch():
        return compile_workflow(workflow, REGISTRY, targets=ALL_TARGETS)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(failing_cores(), st.booleans())
def test_a_retry_keeps_what_ended_and_does_what_the_connection_rule_says(
    first: Workflow, repairs: bool
) -> None:
    stopped = {name for name, outcome in interpret(first).items() if outcome.status == STOPS}
    second = mended(first, stopped) if repairs else first
    waits_before = latches(compiled(first).definition)[0]
    earlier, machine, definition = run_and_retry(first, second, compiled, REGISTRY)
    check_against_reference(first, earlier)
    kept = {name for name, run in machine.runs.items() if run.kept_from is not None}
    assert kept == {
        name
        for name, run in earlier.runs.items()
        if run.status is NodeStatus.SKIPPED or run.output_name is not None
    } - {name for name in machine.runs if name in stopped}
    # What is kept has no Task, nothing waits for it, and the rest is in order.
    assert kept.isdisjoint(machine.called)
    waits, told = latches(definition.definition)
    assert waits <= told
    assert kept.isdisjoint({node_id for pair in waits for node_id in pair})
    before = nodes_before(definition.definition)
    assert kept.isdisjoint(before)
    dag = Dag.of(second)
    assert all(dag.upstream(name) & before.keys() <= before[name] for name in before)
    check_against_reference(second, machine)
    SEEN.append((len(kept & {node_id for pair in waits_before for node_id in pair}), len(waits)))


def test_in_some_of_those_a_latch_was_left_behind_kept_nodes_of_one() -> None:
    assert sum(kept > 0 and waits > 0 for kept, waits in SEEN) >= len(SEEN) / 20, SEEN
