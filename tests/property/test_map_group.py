"""Nodes that take their items from one another: in one Map or in several, the same comes of it."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import HealthCheck, given, settings

from engine.compiler import Compiled, compile_workflow, item_plan
from engine.compiler.map_group import Grouped
from engine.validation import find_problems
from engine.workflow import Workflow
from tests.property.item_reference import interpret
from tests.property.machine_run import run_machine
from tests.property.random_family import families
from tests.property.reference import NEVER, STOPS
from tests.property.scripted_node import TARGETS, make_registry
from tests.property.test_connection_rule import as_outcome, has_left

REGISTRY = make_registry()
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(families())
def test_a_fused_map_does_what_its_nodes_say(behaviours: list[Workflow]) -> None:
    for workflow in behaviours:
        assert find_problems(workflow, REGISTRY) == ()
        check(workflow, compile_workflow(workflow, REGISTRY, targets=TARGETS))


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(families(behaviours=2))
def test_a_map_for_each_node_does_the_same(behaviours: list[Workflow]) -> None:
    alone = patch("engine.compiler.pipeline.group_maps", lambda *parts: Grouped(*parts, {}))
    for workflow in behaviours:
        with alone:
            compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
        check(workflow, compiled)


@settings(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(families(behaviours=2))
def test_a_distributed_map_does_the_same(behaviours: list[Workflow]) -> None:
    for workflow in behaviours:
        with patch.object(item_plan, "MAX_INLINE_CONCURRENCY", 0):
            compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
        check(workflow, compiled)


def check(workflow: Workflow, compiled: Compiled) -> None:
    """Nodes and items end as the rule says; an execution that stops has done nothing else than the rule says."""
    expected = interpret(workflow)
    machine = run_machine(workflow, compiled, REGISTRY)
    assert machine.too_early == []
    stops = any(whole.own.status == STOPS for whole in expected.values())
    assert machine.succeeded is not stops
    if stops:
        return
    assert all(whole.own.status != NEVER for whole in expected.values())
    ended = {node_id: as_outcome(run) for node_id, run in machine.runs.items() if has_left(run)}
    assert ended == {node_id: whole.own for node_id, whole in expected.items()}
    for node_id, whole in expected.items():
        if whole.items is not None:
            assert [as_outcome(run) for run in machine.items[node_id]] == list(whole.items)
