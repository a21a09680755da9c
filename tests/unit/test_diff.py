"""What changed between two workflows, each kind of change by itself."""

from __future__ import annotations

from typing import Any

import pytest

from engine.diff import ConnectionChange, FieldChange, NodeChange, WorkflowDiff, compare_workflows
from engine.workflow import Workflow


def workflow(**changes: Any) -> Workflow:
    document: dict[str, Any] = {
        "name": "Orders",
        "nodes": [
            {"id": "a", "type": "call", "config": {"url": "x", "headers": {"A.B": "1"}, "tags": [1, 2]}},
            {"id": "b", "type": "call"},
            {"id": "c", "type": "call"},
        ],
        "connections": [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}],
    }
    return Workflow.model_validate(document | changes)


def with_first(**changes: Any) -> Workflow:
    first, *rest = workflow().as_document()["nodes"]
    return workflow(nodes=[first | changes, *rest])


def test_equal_workflows_differ_in_nothing() -> None:
    diff = compare_workflows(workflow(), workflow())
    assert diff == WorkflowDiff()
    assert diff.empty


def test_fields_of_the_workflow_come_go_and_change() -> None:
    old = workflow(tags=["x"], description="d")
    new = workflow(name="Bills", description="d", settings={"timeout_seconds": 5})
    assert compare_workflows(old, new) == WorkflowDiff(
        fields=(
            FieldChange("changed", ("name",), "Orders", "Bills"),
            FieldChange("removed", ("tags",), ["x"], None),
            FieldChange("added", ("settings",), None, {"timeout_seconds": 5}),
        )
    )


@pytest.mark.parametrize(
    ("config", "change", "field"),
    [
        (
            {"url": "y", "headers": {"A.B": "1"}, "tags": [1, 2]},
            FieldChange("changed", ("config", "url"), "x", "y"),
            "config.url",
        ),
        (
            {"url": "x", "headers": {"A.B": None}, "tags": [1, 2]},
            FieldChange("changed", ("config", "headers", "A.B"), "1", None),
            "config.headers.A.B",
        ),
        (
            {"url": "x", "headers": {"A.B": "1"}, "tags": [1, True]},
            FieldChange("changed", ("config", "tags", 1), 2, True),
            "config.tags[1]",
        ),
        (
            {"url": "x", "headers": {"A.B": "1"}, "tags": [1]},
            FieldChange("changed", ("config", "tags"), [1, 2], [1]),
            "config.tags",
        ),
        (
            {"url": "x", "headers": {}, "tags": [1, 2]},
            FieldChange("removed", ("config", "headers", "A.B"), "1"),
            "config.headers.A.B",
        ),
    ],
)
def test_a_node_changes_field_by_field(config: dict[str, Any], change: FieldChange, field: str) -> None:
    assert compare_workflows(workflow(), with_first(config=config)) == WorkflowDiff(
        nodes=(NodeChange("changed", "a", None, (change,)),)
    )
    assert change.field == field


def test_one_is_not_true_and_one_is_one_point_zero() -> None:
    assert compare_workflows(with_first(config={"n": 1}), with_first(config={"n": 1.0})).empty
    assert not compare_workflows(with_first(config={"n": 1}), with_first(config={"n": True})).empty


def test_a_default_that_is_spelled_out_shows() -> None:
    diff = compare_workflows(workflow(), with_first(disabled=False))
    assert diff.nodes == (
        NodeChange("changed", "a", None, (FieldChange("added", ("disabled",), None, False),)),
    )


def test_nodes_come_and_go_whole() -> None:
    a, b, c = workflow().as_document()["nodes"]
    new = workflow(nodes=[a, c, {"id": "d", "type": "call"}], connections=[])
    old = workflow(connections=[])
    assert compare_workflows(old, new).nodes == (
        NodeChange("removed", "b", b),
        NodeChange("added", "d", {"id": "d", "type": "call"}),
    )


def test_a_connection_comes_goes_or_changes_its_output() -> None:
    new = workflow(
        connections=[
            {"source": "a", "source_output": "error", "target": "b"},
            {"source": "a", "target": "c"},
        ]
    )
    assert compare_workflows(workflow(), new).connections == (
        ConnectionChange("changed", "a", "b", "main", "error"),
        ConnectionChange("removed", "b", "c", "main", None),
        ConnectionChange("added", "a", "c", None, "main"),
    )


def test_another_order_is_a_change_and_a_node_in_between_is_none_of_order() -> None:
    a, b, c = workflow().as_document()["nodes"]
    assert compare_workflows(workflow(), workflow(nodes=[b, a, c])) == WorkflowDiff(reordered=True)
    between = workflow(nodes=[a, {"id": "d", "type": "call"}, b, c])
    assert not compare_workflows(workflow(), between).reordered
    turned = workflow(connections=list(reversed(workflow().as_document()["connections"])))
    assert compare_workflows(workflow(), turned) == WorkflowDiff(reordered=True)
