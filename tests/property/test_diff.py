"""A diff is complete: who has the old document and the diff can make the new one."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings

from engine.diff import FieldChange, WorkflowDiff, compare_workflows
from engine.json_equality import equal_json
from engine.workflow import Workflow
from tests.property.any_document import documents

CASES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def change(value: Any, changes: tuple[FieldChange, ...]) -> Any:
    """The value with the changes made to it."""
    holder: Any = {"root": copy.deepcopy(value)}
    for each in changes:
        *way, last = ("root", *each.path)
        part = holder
        for step in way:
            part = part[step]
        if each.kind == "removed":
            assert equal_json(part.pop(last), each.old)
        elif each.kind == "added":
            assert last not in part
            part[last] = each.new
        else:
            assert equal_json(part[last], each.old)
            part[last] = each.new
    return holder["root"]


def apply(old: Workflow, diff: WorkflowDiff) -> tuple[Any, dict[str, Any], Counter[tuple[str, str, str]]]:
    """The fields, the nodes by id and the connections that the diff makes of a workflow."""
    document = old.as_document()
    nodes = {node["id"]: node for node in document.pop("nodes")}
    document.pop("connections")
    for node in diff.nodes:
        if node.kind == "added":
            assert node.node_id not in nodes
            nodes[node.node_id] = node.node or {}
        elif node.kind == "removed":
            assert nodes.pop(node.node_id) == node.node
        else:
            assert node.fields
            nodes[node.node_id] = change(nodes[node.node_id], node.fields)
    links = ends(old)
    for link in diff.connections:
        if link.old_output is not None:
            links[link.source, link.old_output, link.target] -= 1
        if link.new_output is not None:
            links[link.source, link.new_output, link.target] += 1
    return change(document, diff.fields), nodes, +links


def ends(workflow: Workflow) -> Counter[tuple[str, str, str]]:
    return Counter((link.source, link.source_output, link.target) for link in workflow.connections)


@CASES
@given(documents(), documents())
def test_the_old_workflow_and_the_diff_make_the_new_one(old: Workflow, new: Workflow) -> None:
    fields, nodes, links = apply(old, compare_workflows(old, new))
    wanted = new.as_document()
    assert equal_json(nodes, {node["id"]: node for node in wanted.pop("nodes")})
    wanted.pop("connections")
    assert equal_json(fields, wanted)
    assert links == ends(new)


@CASES
@given(documents(), documents())
def test_a_diff_is_empty_only_between_documents_that_are_equal(old: Workflow, new: Workflow) -> None:
    assert compare_workflows(old, old).empty
    assert compare_workflows(old, new).empty == (old == new and equal_json(*map(spelled, (old, new))))


def spelled(workflow: Workflow) -> Any:
    """The document with every connection's output spelled out: connections are compared by their ends."""
    links = [link.model_dump() for link in workflow.connections]
    return workflow.as_document() | {"connections": links}


@CASES
@given(documents(), documents())
def test_a_diff_read_backwards_is_the_diff_of_the_way_back(old: Workflow, new: Workflow) -> None:
    there, back = compare_workflows(old, new), compare_workflows(new, old)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert Counter(turned[node.kind] + node.node_id for node in there.nodes) == Counter(
        node.kind + node.node_id for node in back.nodes
    )
    assert there.reordered == back.reordered
    assert sorted((f.path, turned[f.kind]) for f in there.fields) == sorted(
        (f.path, f.kind) for f in back.fields
    )
