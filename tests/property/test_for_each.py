from __future__ import annotations

from typing import Any

import pytest

from engine.compiler import Compiled, compile_workflow
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


def run_listed(items: list[int], **for_each: Any) -> tuple[MachineRun, Compiled]:
    """Items that only the execution knows."""
    workflow = Workflow.model_validate(
        {
            "name": "w",
            "nodes": [
                {"id": "list", "type": "listing", "config": {"sees": items}},
                {"id": "each", "type": "act", "for_each": {"items": "{{ list.output }}", **for_each}},
            ],
            "connections": [{"source": "list", "target": "each"}],
        }
    )
    compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
    return run_machine(workflow, compiled, REGISTRY), compiled


@pytest.mark.parametrize(("count", "distributed"), [(0, False), (40, False), (41, True), (120, True)])
def test_more_items_than_an_inline_map_may_run_at_once_are_distributed(count: int, distributed: bool) -> None:
    machine, compiled = run_listed(list(range(count)), max_concurrency=100)
    assert compiled.report["limits"]["inline_items"] == {"each": 40}
    assert compiled.report["per_item"]["each"]["maps"] == ["inline", "distributed"]
    assert machine.succeeded
    assert (machine.events < 7 * count) is distributed
    again, _ = run_listed(list(range(count)), max_concurrency=1)
    assert machine.runs["each"].result == again.runs["each"].result


def test_the_history_never_overflows() -> None:
    """Without a bound on the items the Map is distributed before its history is full."""
    count = 1_300
    machine, compiled = run_listed(list(range(count)), batch_size=1, max_concurrency=40)
    assert compiled.report["limits"]["inline_items"]["each"] < 25_000 // 7
    assert machine.succeeded
    assert machine.events < 25_000


def test_a_failure_in_a_distributed_map_names_the_item() -> None:
    workflow = Workflow.model_validate(
        {
            "name": "w",
            "nodes": [
                {
                    "id": "each",
                    "type": "act",
                    "config": {"dies_on": [3]},
                    "for_each": {"items": list(range(50)), "max_concurrency": 100},
                }
            ],
        }
    )
    machine = run_machine(workflow, compile_workflow(workflow, REGISTRY, targets=TARGETS), REGISTRY)
    assert not machine.succeeded
    error = machine.runs["each"].error
    assert error is not None
    assert error.message == "item 3: as the script says"
