from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from engine.compiler import compile_workflow
from engine.execution import NodeRun
from engine.validation import find_problems
from engine.workflow import Workflow
from tests.property.machine_run import run_machine
from tests.property.random_workflow import workflows
from tests.property.reference import NEVER, STOPS, Outcome, interpret
from tests.property.scripted_node import TARGETS, make_registry

REGISTRY = make_registry()
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


def as_outcome(run: NodeRun) -> Outcome:
    result = run.result
    output = result["output"] if result is not None else None
    return Outcome(run.status.value, run.output_name, output, has_result=result is not None)


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW)
@given(workflows())
def test_a_compiled_workflow_does_what_the_connection_rule_says(workflow: Workflow) -> None:
    assert find_problems(workflow, REGISTRY) == ()
    expected = interpret(workflow)
    compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
    machine = run_machine(workflow, compiled, REGISTRY)
    assert machine.too_early == []
    ended = {node_id: as_outcome(run) for node_id, run in machine.runs.items() if run.output_name is not None}
    ended |= {n: as_outcome(run) for n, run in machine.runs.items() if run.status.value == "skipped"}
    assert ended == {node_id: expected[node_id] for node_id in ended}
    assert all(expected[node_id].status != NEVER for node_id in machine.runs)
    stops = any(outcome.status == STOPS for outcome in expected.values())
    assert machine.succeeded is not stops
    if machine.succeeded:
        assert ended.keys() == expected.keys()
