from __future__ import annotations

from typing import Any

import pytest

from engine.compiler import compile_workflow
from engine.workflow import Workflow
from tests.property.machine_run import MachineRun, run_machine
from tests.property.scripted_node import TARGETS, make_registry

REGISTRY = make_registry()


def run(each: dict[str, Any]) -> MachineRun:
    """A list of items, a node for each of them, and a node behind either of its outputs."""
    outputs = ["main", "error"] if each.get("on_error") == "output" else ["main"]
    workflow = Workflow.model_validate(
        {
            "name": "w",
            "nodes": [
                {"id": "first", "type": "act"},
                {"id": "each", "type": "act", **each},
                *({"id": f"after_{output}", "type": "act"} for output in outputs),
            ],
            "connections": [
                {"source": "first", "target": "each"},
                *({"source": "each", "source_output": o, "target": f"after_{o}"} for o in outputs),
            ],
        }
    )
    return run_machine(workflow, compile_workflow(workflow, REGISTRY, targets=TARGETS), REGISTRY)


def statuses(machine: MachineRun) -> dict[str, str]:
    return {node_id: node_run.status.value for node_id, node_run in machine.runs.items()}


NO_LIST = {"for_each": "{{ first.output }}"}


def test_items_that_are_no_list_end_the_execution() -> None:
    machine = run(NO_LIST)
    assert not machine.succeeded
    assert statuses(machine) == {"first": "succeeded", "each": "failed"}


@pytest.mark.parametrize(
    ("on_error", "after"),
    [
        ("continue", {"after_main": "succeeded"}),
        ("output", {"after_main": "skipped", "after_error": "succeeded"}),
    ],
)
def test_items_that_are_no_list_are_an_error_of_the_node(on_error: str, after: dict[str, str]) -> None:
    machine = run({**NO_LIST, "on_error": on_error})
    assert machine.succeeded
    assert statuses(machine) == {"first": "succeeded", "each": "failed", **after}
    result = machine.runs["each"].result
    assert result is not None
    assert result["output"] is None
    assert result["error"]["field"] == "for_each.items"


def test_no_items_are_fine() -> None:
    machine = run({"for_each": []})
    assert machine.succeeded
    assert machine.runs["each"].result == {"output": [], "items": [], "count": 0}


def test_outputs_stand_in_the_order_of_the_items() -> None:
    machine = run({"for_each": {"items": list(range(40)), "max_concurrency": 40}})
    result = machine.runs["each"].result
    assert result is not None
    assert result["count"] == 40
    again = run({"for_each": {"items": list(range(40)), "max_concurrency": 1}})
    assert again.runs["each"].result == result
