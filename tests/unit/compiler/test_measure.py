from __future__ import annotations

from engine.compiler import compile_workflow
from engine.compiler.measure import Cost, ItemCost, execution_cost, item_costs, poll_costs
from engine.workflow import Workflow
from tests.property.machine_run import run_machine
from tests.property.scripted_node import TARGETS, make_registry

REGISTRY = make_registry()
WORKFLOW = Workflow.model_validate(
    {
        "name": "all kinds of states",
        "nodes": [
            {"id": "start", "type": "act"},
            {"id": "asked", "type": "poll", "config": {"polls": 2}},
            {"id": "each", "type": "act", "for_each": [1, 2, 3]},
            {"id": "end", "type": "act"},
        ],
        "connections": [
            {"source": "start", "target": "asked"},
            {"source": "start", "target": "each"},
            {"source": "asked", "target": "end"},
            {"source": "each", "target": "end"},
        ],
    }
)


def test_the_events_foretold_are_those_that_the_history_has() -> None:
    compiled = compile_workflow(WORKFLOW, REGISTRY, targets=TARGETS)
    foretold = execution_cost(compiled.definition).events
    foretold += 3 * item_costs(compiled.definition)["each"].cost.events
    foretold += 2 * poll_costs(compiled.definition)["asked"].events
    run = run_machine(WORKFLOW, compiled, REGISTRY)
    assert run.succeeded
    assert run.events == foretold


def test_costs_are_counted_by_execution_by_item_and_by_poll() -> None:
    definition = compile_workflow(WORKFLOW, REGISTRY, targets=TARGETS).definition
    # start, Parallel, asked and its Choice and Succeed, items, Map, collect, end
    assert execution_cost(definition) == Cost(
        transitions=9, events=2 + 5 + 4 + 5 + 2 + 2 + 5 + 4 + 5 + 5, calls=5
    )
    one = Cost(transitions=1, events=7, calls=1)
    assert item_costs(definition) == {"each": ItemCost(one, 1, ("inline",), None)}
    assert poll_costs(definition) == {"asked": Cost(transitions=3, events=9, calls=1)}
