"""Versions: who saved them, what changed, restoring and publishing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import ConflictError, DocumentError, NotFoundError, RequestError, RevisionConflictError
from engine.service.save import SaveNote
from engine.service.start_request import StartRequest
from engine.service.version_choice import VersionChoice
from engine.service.versions import VersionService
from tests.unit.engine_bench import EngineBench, node


@pytest.fixture
def service(bench: EngineBench) -> VersionService:
    return bench.version_service


@pytest.fixture
def workflow_id(bench: EngineBench) -> str:
    """Three versions, of ada, bob and ada."""
    workflow_id = bench.workflow_service.create(document(1), SaveNote("ada", "First"))[0].workflow_id
    for value, author in ((2, "bob"), (3, "ada")):
        bench.clock.advance(60)
        bench.workflow_service.update(workflow_id, document(value), None, SaveNote(author))
    return workflow_id


def document(value: Any, *more: Any) -> dict[str, Any]:
    return {"name": "Mine", "nodes": [node("a", value=value), *more]}


def test_each_version_keeps_its_author_time_and_message(bench: EngineBench, workflow_id: str) -> None:
    listed = bench.workflow_service.list_versions(workflow_id, 10, None).items
    assert [(v.version, v.author, v.message) for v in listed] == [
        (3, "ada", None),
        (2, "bob", None),
        (1, "ada", "First"),
    ]
    first = listed[-1].created_at
    assert [(v.created_at - first).total_seconds() for v in listed] == [120, 60, 0]


@pytest.mark.parametrize("message", ["", "x" * 501])
def test_a_message_is_a_line_of_history(message: str) -> None:
    with pytest.raises(RequestError, match="1 to 500 characters"):
        SaveNote("ada", message)


def test_two_versions_are_compared_either_way(service: VersionService, workflow_id: str) -> None:
    before, after, diff = service.compare(workflow_id, 1, "draft")
    assert (before.version, after.version) == (1, 3)
    assert [(c.field, c.old, c.new) for c in diff.nodes[0].fields] == [("config.value", 1, 3)]
    _, _, back = service.compare(workflow_id, 3, 1)
    assert [(c.field, c.old, c.new) for c in back.nodes[0].fields] == [("config.value", 3, 1)]
    assert service.compare(workflow_id, 2, 2)[2].empty
    with pytest.raises(NotFoundError):
        service.compare(workflow_id, 1, 4)
    with pytest.raises(ConflictError, match="no live version"):
        service.compare(workflow_id, "live", 1)


def test_a_restored_version_is_new_and_equal(
    bench: EngineBench, service: VersionService, workflow_id: str
) -> None:
    head, restored = service.restore(workflow_id, 1, 3, "eve", None)
    old = bench.workflows.get_version(workflow_id, 1)
    assert (head.version, head.revision, restored.version) == (4, 4, 4)
    assert restored.workflow.as_document() == old.workflow.as_document()
    assert (restored.author, restored.message, restored.restored_from) == ("eve", "Restored version 1", 1)
    assert bench.workflows.get_version(workflow_id, 4) == restored
    assert bench.workflows.get_version(workflow_id, 3).workflow.nodes[0].config == {"value": 3}


def test_restoring_minds_the_revision_the_version_and_todays_checks(
    bench: EngineBench, service: VersionService, workflow_id: str
) -> None:
    with pytest.raises(RevisionConflictError):
        service.restore(workflow_id, 1, 2, "eve", None)
    with pytest.raises(NotFoundError):
        service.restore(workflow_id, 9, None, "eve", None)
    del bench.registry._classes["call"]
    with pytest.raises(DocumentError, match="call"):
        service.restore(workflow_id, 1, None, "eve", None)
    assert bench.workflows.get_head(workflow_id).version == 3


def test_publishing_and_saving_are_apart(
    bench: EngineBench, service: VersionService, workflow_id: str
) -> None:
    assert bench.workflows.get_head(workflow_id).live_version is None
    head = service.publish(workflow_id, 2, 3, "ada")
    assert (head.version, head.live_version, head.revision, head.published_by) == (3, 2, 4, "ada")
    assert head.published_at == bench.clock.now()
    saved, _ = bench.workflow_service.update(workflow_id, document(4), 4)
    assert (saved.version, saved.live_version, saved.published_by) == (4, 2, "ada")
    assert service.publish(workflow_id, "draft", None, "bob").live_version == 4
    head = service.unpublish(workflow_id, None)
    assert (head.live_version, head.published_at, head.published_by) == (None, None, None)
    assert bench.workflows.get_head(workflow_id) == head


def test_publishing_what_is_live_moves_nothing(service: VersionService, workflow_id: str) -> None:
    head = service.publish(workflow_id, 2, None, "ada")
    assert service.publish(workflow_id, 2, head.revision, "bob") == head
    head = service.unpublish(workflow_id, None)
    assert service.unpublish(workflow_id, None) == head


def test_what_is_not_there_is_not_published(service: VersionService, workflow_id: str) -> None:
    for name, choice in ((workflow_id, 9), ("wf_none", "draft")):
        with pytest.raises(NotFoundError):
            service.publish(name, choice, None, "ada")
    with pytest.raises(NotFoundError):
        service.unpublish("wf_none", None)
    with pytest.raises(RevisionConflictError):
        service.publish(workflow_id, 1, 2, "ada")


def test_who_names_no_revision_publishes_after_whoever_was_faster(
    bench: EngineBench, service: VersionService, workflow_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    move, calls = bench.workflows.move_head, []

    def slow(head: Any, expected: int) -> None:
        calls.append(expected)
        if len(calls) == 1:
            bench.workflow_service.update(workflow_id, document(5), None)
        move(head, expected)

    monkeypatch.setattr(bench.workflows, "move_head", slow)
    head = service.publish(workflow_id, 1, None, "ada")
    assert (calls, head.version, head.live_version) == ([3, 4], 4, 1)
    monkeypatch.setattr(bench.workflows, "move_head", lambda h, e: move(h, e - 1))
    with pytest.raises(RevisionConflictError):
        service.publish(workflow_id, 2, None, "ada")


def test_many_who_publish_at_once_lose_no_save(
    bench: EngineBench, service: VersionService, workflow_id: str
) -> None:
    def publish(number: int) -> None:
        try:
            service.publish(workflow_id, number % 3 + 1, None, "ada")
        except RevisionConflictError:
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(16)))
    head = bench.workflows.get_head(workflow_id)
    assert (head.version, bench.workflows.get_version(workflow_id, 3).version) == (3, 3)
    assert head.live_version in (1, 2, 3)


@pytest.mark.parametrize(("choice", "version"), [("draft", 3), ("live", 2), (1, 1)])
def test_an_execution_runs_the_version_that_was_chosen(
    bench: EngineBench, service: VersionService, workflow_id: str, choice: VersionChoice, version: int
) -> None:
    service.publish(workflow_id, 2, None, "ada")
    execution, _ = bench.execution_service.start(StartRequest(workflow_id, version=choice))
    assert execution.version == version
    bench.workflow_service.update(workflow_id, document(7), None)
    shown = bench.execution_service.document(execution)
    assert (shown.version, shown.workflow.nodes[0].config) == (version, {"value": version})


def test_an_execution_of_the_live_version_needs_one(bench: EngineBench, workflow_id: str) -> None:
    with pytest.raises(ConflictError, match="has no live version"):
        bench.execution_service.start(StartRequest(workflow_id, version="live"))
    with pytest.raises(NotFoundError):
        bench.execution_service.start(StartRequest(workflow_id, version=8))
    assert bench.machines.started == ()


def test_a_key_stands_for_one_version(bench: EngineBench, workflow_id: str) -> None:
    bench.execution_service.start(StartRequest(workflow_id, idempotency_key="k"))
    with pytest.raises(RequestError, match="used for another request"):
        bench.execution_service.start(StartRequest(workflow_id, idempotency_key="k", version=1))
