"""Nodes that take their items from one another: in one Map or in several, the same comes of it."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.compiler import Compiled, compile_workflow, item_plan
from engine.compiler.map_group import Grouped
from engine.json_value import dump_json
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


@st.composite
def diamonds(draw: st.DrawFn) -> Workflow:
    """Items that take one of two ways, and meet again."""

    def each(node_id: str, kinds: str, items: Any, **more: Any) -> dict[str, Any]:
        node = {"id": node_id, "type": draw(st.sampled_from(kinds.split())), "for_each": items}
        if node["type"] not in ("quick", "choose"):
            node["on_error"] = draw(st.sampled_from(["continue", "output"]))
        script = draw(st.sampled_from([{}, {}, {"dies_on": [1]}])) if "on_error" in node else {}
        return {**node, "config": {"sees": "{{ item }}", **script, **more}}

    way = draw(st.sampled_from(["left", "right", "{{ index == `0` && 'left' || 'right' }}"]))
    return Workflow.model_validate(
        {
            "name": "diamond",
            "nodes": [
                each("a", "act quick", draw(st.lists(st.integers(0, 9), min_size=1, max_size=3))),
                each("c", "branch choose", "{{ a.output }}", leaves=way),
                each("t", "act poll", "{{ c.output }}"),
                each("f", "act quick", "{{ c.output }}"),
                each("m", "act quick", "{{ merge_items(t.output, f.output) }}"),
            ],
            "connections": [
                {"source": "a", "target": "c"},
                {"source": "c", "source_output": "left", "target": "t"},
                {"source": "c", "source_output": "right", "target": "f"},
                {"source": "t", "target": "m"},
                {"source": "f", "target": "m"},
            ],
        }
    )


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(diamonds())
def test_items_take_different_ways_in_one_map(workflow: Workflow) -> None:
    assert find_problems(workflow, REGISTRY) == ()
    compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
    assert compiled.report["fused_maps"] == {"a": ["a", "c", "t", "f", "m"]}
    assert "c item left by" in dump_json(compiled.definition)
    check(workflow, compiled)


def check(workflow: Workflow, compiled: Compiled) -> None:
    """Nodes and items end as the rule says; an execution stops where the rule says so."""
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
