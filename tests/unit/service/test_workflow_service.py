"""Saving workflows: immutable versions, one revision at a time, nothing half-saved."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import (
    ConflictError,
    DocumentError,
    NotFoundError,
    Problem,
    RevisionConflictError,
    UnavailableError,
)
from engine.execution import ExecutionStatus
from engine.service.start_request import StartRequest
from engine.workflow import Workflow
from tests.unit.engine_bench import EngineBench, connect, node


def document(*nodes: Any, name: str = "Mine", **more: Any) -> dict[str, Any]:
    return {"name": name, "nodes": list(nodes) or [node("a")], **more}


def versions(bench: EngineBench) -> set[str]:
    """The machine versions that stand."""
    return set(bench.machines._definitions)


def test_a_new_workflow_is_compiled_published_and_stored(bench: EngineBench) -> None:
    head, version = bench.workflow_service.create(document(description="What it does", tags=["x"]))
    assert (head.revision, head.version, head.node_count, head.name) == (1, 1, 1, "Mine")
    assert (head.description, head.tags) == ("What it does", ("x",))
    assert head.created_at == head.updated_at == bench.clock.now()
    assert bench.workflows.get_head(head.workflow_id) == head
    assert bench.workflows.get_version(head.workflow_id, 1) == version
    definition = bench.machines.definition(version.state_machine_version_arn)
    assert definition["States"].keys() >= {"a"}
    assert version.workflow == Workflow.model_validate(document(description="What it does", tags=["x"]))


def test_a_document_with_problems_saves_nothing_and_tells_all_of_them(bench: EngineBench) -> None:
    broken = document(node("a", "nothing"), node("b", wrong=1), connections=connect("a>missing"))
    with pytest.raises(DocumentError) as caught:
        bench.workflow_service.create(broken)
    places = {(problem.node, problem.field) for problem in caught.value.problems}
    assert places == {("a", "type"), ("b", "config.wrong"), (None, "connections[0].target")}
    assert bench.workflow_service.find_problems(broken) == caught.value.problems
    assert bench.workflow_service.list_heads(10, None).items == ()
    assert versions(bench) == set()


def test_problems_of_the_document_of_its_links_and_of_its_machine_are_told_together(
    bench: EngineBench,
) -> None:
    document = {
        "name": "Many",
        "nodes": [
            node("call", "workflow", workflow_id="wf_gone"),
            node("other", "workflow", workflow_id="wf_gone", outputs="x"),
            node("slow", "wait", seconds=400),
            node("film", "video", prompt="A film", timeout_seconds=900),
        ],
        "settings": {"mode": "express", "error_workflow": "wf_handler"},
    }
    service = bench.workflow_service
    with_faults = [(one.code, one.node, one.field) for one in service.find_problems(document)]
    assert with_faults == [
        ("unknown_field", "other", "config.outputs"),
        ("unknown_workflow", "call", "config.workflow_id"),
        ("unknown_workflow", None, "settings.error_workflow"),
    ]
    document["nodes"].pop(1)
    found = service.find_problems(document)
    assert [(one.code, one.node) for one in found] == [
        ("unknown_workflow", "call"),
        ("unknown_workflow", None),
        ("express_misfit", "call"),
        ("express_misfit", "slow"),
        ("express_misfit", "film"),
    ]
    with pytest.raises(DocumentError) as created:
        service.create(document)
    workflow_id = service.create({"name": "Many", "nodes": [node("a")]})[0].workflow_id
    with pytest.raises(DocumentError) as updated:
        service.update(workflow_id, document, None)
    assert created.value.problems == updated.value.problems == found
    assert len(service.list_heads(10, None).items) == 1


def test_a_definition_that_the_service_refuses_saves_nothing(bench: EngineBench) -> None:
    refusal = DocumentError([Problem("definition_refused", "no")])

    def refuse(_: object) -> None:
        raise refusal

    bench.machines.on_publish = refuse
    with pytest.raises(DocumentError, match="no"):
        bench.workflow_service.create(document())
    assert bench.workflow_service.list_heads(10, None).items == ()


def test_finding_problems_publishes_nothing(bench: EngineBench) -> None:
    assert bench.workflow_service.find_problems(document()) == ()
    assert versions(bench) == set()


def test_each_save_is_a_version_that_stays_as_it_is(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(document(node("a", value=1)))
    bench.clock.advance(60)
    second, _ = bench.workflow_service.update(
        head.workflow_id, document(node("a", value=2), name="New"), head.revision
    )
    assert (second.revision, second.version, second.name) == (2, 2, "New")
    assert second.created_at == head.created_at < second.updated_at
    found = [bench.workflow_service.get(head.workflow_id, number)[1] for number in (1, 2)]
    assert [version.workflow.nodes[0].config["value"] for version in found] == [1, 2]
    listed = bench.workflow_service.list_versions(head.workflow_id, 10, None).items
    assert [version.version for version in listed] == [2, 1]


def test_a_change_that_leaves_the_definition_as_it_is_publishes_nothing(bench: EngineBench) -> None:
    head, first = bench.workflow_service.create(document(node("a", value=1)))
    _, second = bench.workflow_service.update(head.workflow_id, document(node("a", value=2)), None)
    assert second.state_machine_version_arn == first.state_machine_version_arn
    assert versions(bench) == {first.state_machine_version_arn}
    _, third = bench.workflow_service.update(head.workflow_id, document(node("a"), node("b")), second.version)
    assert third.state_machine_version_arn != first.state_machine_version_arn
    assert versions(bench) == {first.state_machine_version_arn, third.state_machine_version_arn}


def test_a_version_that_is_not_there_is_not_found(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(document())
    for number in (0, 2, -1):
        with pytest.raises(NotFoundError):
            bench.workflow_service.get(head.workflow_id, number)
    for workflow_id in ("wf_none", ""):
        with pytest.raises(NotFoundError):
            bench.workflow_service.get(workflow_id)
        with pytest.raises(NotFoundError):
            bench.workflow_service.list_versions(workflow_id, 10, None)
        with pytest.raises(NotFoundError):
            bench.workflow_service.update(workflow_id, document(), None)


def test_a_stale_revision_is_refused_before_anything_is_published(bench: EngineBench) -> None:
    head, first = bench.workflow_service.create(document())
    with pytest.raises(RevisionConflictError) as caught:
        bench.workflow_service.update(head.workflow_id, document(node("b")), 7)
    assert (caught.value.expected, caught.value.actual) == (7, 1)
    assert versions(bench) == {first.state_machine_version_arn}


def save_meanwhile(bench: EngineBench, workflow_id: str, other: dict[str, Any]) -> None:
    """Have somebody else save ``other`` at the moment when the next save has published its machine."""

    def save(_: object) -> None:
        bench.machines.on_publish = None
        bench.workflow_service.update(workflow_id, other, None)

    bench.machines.on_publish = save


def test_the_save_that_loses_leaves_no_version_and_no_machine_behind(bench: EngineBench) -> None:
    head, first = bench.workflow_service.create(document())
    save_meanwhile(bench, head.workflow_id, document(node("winner")))
    with pytest.raises(RevisionConflictError):
        bench.workflow_service.update(head.workflow_id, document(node("loser")), head.revision)
    found, version = bench.workflow_service.get(head.workflow_id)
    assert (found.revision, version.workflow.nodes[0].id) == (2, "winner")
    assert versions(bench) == {first.state_machine_version_arn, version.state_machine_version_arn}


def test_the_save_that_loses_keeps_the_machine_that_the_winner_runs(bench: EngineBench) -> None:
    """Both saved the same change, so that the service gave both the same machine version."""
    head, _ = bench.workflow_service.create(document())
    save_meanwhile(bench, head.workflow_id, document(node("same"), name="winner"))
    with pytest.raises(RevisionConflictError):
        bench.workflow_service.update(head.workflow_id, document(node("same"), name="loser"), head.revision)
    found, version = bench.workflow_service.get(head.workflow_id)
    assert found.name == "winner"
    assert version.state_machine_version_arn in versions(bench)
    bench.execution_service.start(StartRequest(head.workflow_id))


def test_a_save_that_asks_for_no_revision_comes_after_the_one_between(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(document())
    save_meanwhile(bench, head.workflow_id, document(node("between")))
    bench.workflow_service.update(head.workflow_id, document(node("last")), None)
    found, version = bench.workflow_service.get(head.workflow_id)
    assert (found.version, version.workflow.nodes[0].id) == (3, "last")
    assert bench.workflow_service.get(head.workflow_id, 2)[1].workflow.nodes[0].id == "between"


def test_a_workflow_that_is_deleted_while_it_is_saved_leaves_no_machine(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(document())

    def delete(_: object) -> None:
        bench.machines.on_publish = None
        bench.workflow_service.delete(head.workflow_id, None)

    bench.machines.on_publish = delete
    with pytest.raises(NotFoundError):
        bench.workflow_service.update(head.workflow_id, document(node("b")), None)
    assert versions(bench) == set()


def test_of_many_who_save_the_same_revision_one_wins(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(document())
    start = threading.Barrier(8)

    def save(number: int) -> bool:
        start.wait(5)
        try:
            bench.workflow_service.update(head.workflow_id, document(node(f"n{number}")), 1)
        except RevisionConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(save, range(8))) == [False] * 7 + [True]
    found, version = bench.workflow_service.get(head.workflow_id)
    assert found.revision == 2
    bench.machines.definition(version.state_machine_version_arn)


def test_a_store_that_is_away_keeps_the_machine_that_may_be_in_use(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, _ = bench.workflow_service.create(document())

    def away(*_: object) -> None:
        raise UnavailableError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(bench.workflows, "commit", away)
        with pytest.raises(UnavailableError):
            bench.workflow_service.update(head.workflow_id, document(node("b")), None)
    assert bench.workflow_service.get(head.workflow_id)[0].revision == 1
    assert len(versions(bench)) == 2


def test_a_deleted_workflow_is_gone_and_its_versions_stay_readable(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    workflow_id = bench.execution(execution).workflow_id
    bench.machines.end(bench.machines.started[0].execution_arn, ExecutionStatus.SUCCEEDED)
    bench.finisher.finish(execution, bench.machines.describe(bench.machines.started[0].execution_arn))
    bench.workflow_service.delete(workflow_id, 1)
    with pytest.raises(NotFoundError):
        bench.workflow_service.get(workflow_id)
    with pytest.raises(NotFoundError):
        bench.workflow_service.delete(workflow_id, None)
    assert versions(bench) == set()
    assert bench.execution_service.document(bench.execution(execution)).version == 1


def test_a_workflow_with_running_executions_is_not_deleted(bench: EngineBench) -> None:
    workflow_id = bench.execution(bench.begin(node("a"))).workflow_id
    with pytest.raises(ConflictError, match="running executions"):
        bench.workflow_service.delete(workflow_id, None)
    bench.workflow_service.get(workflow_id)


def test_a_workflow_at_another_revision_is_not_deleted(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(document())
    with pytest.raises(RevisionConflictError):
        bench.workflow_service.delete(head.workflow_id, 9)
    assert len(versions(bench)) == 1


def test_the_plan_shows_what_the_version_compiles_to(bench: EngineBench) -> None:
    head, version = bench.workflow_service.create(document(node("a"), node("b")))
    plan = bench.workflow_service.plan(head.workflow_id)
    assert plan["definition"] == bench.machines.definition(version.state_machine_version_arn)
    assert plan["report"] == version.report
    assert (plan["workflow_id"], plan["version"], plan["state_machine_version_arn"]) == (
        head.workflow_id,
        1,
        version.state_machine_version_arn,
    )
