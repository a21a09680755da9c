"""What every WorkflowStore promises. Subclass it and give a fixture ``store`` that uses ``clock``."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.access.audience import EVERYONE, Audience, Ownership
from engine.adapters.memory import ManualClock
from engine.errors import ConflictError, NotFoundError, RequestError, RevisionConflictError
from engine.ports import WorkflowStore
from tests.contract.samples import (
    at_once,
    head_of,
    moved,
    read_pages,
    spoiled,
    version_of,
    workflow_of,
)


class WorkflowStoreContract:
    def test_what_was_committed_is_read_back_whole(self, store: WorkflowStore) -> None:
        head, version = head_of("wf_1"), version_of("wf_1")
        store.commit(head, version, None)
        assert store.get_head("wf_1") == head
        assert store.get_version("wf_1", 1) == version
        document = version.workflow.as_document()
        assert store.get_version("wf_1", 1).workflow.as_document() == document

    def test_what_does_not_exist_is_not_found(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        with pytest.raises(NotFoundError) as head_error:
            store.get_head("wf_2")
        with pytest.raises(NotFoundError) as version_error:
            store.get_version("wf_1", 2)
        assert (head_error.value.kind, head_error.value.name) == ("workflow", "wf_2")
        assert str(version_error.value) == "There is no version 2 of workflow 'wf_1'."

    def test_a_commit_moves_the_head_and_keeps_older_versions(self, store: WorkflowStore) -> None:
        head = head_of("wf_1")
        store.commit(head, version_of("wf_1"), None)
        store.commit(moved(head, 2), version_of("wf_1", 2), 1)
        assert store.get_head("wf_1") == moved(head, 2)
        assert [store.get_version("wf_1", n) for n in (1, 2)] == [version_of("wf_1", n) for n in (1, 2)]

    def test_a_workflow_that_exists_is_not_created_again(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        with pytest.raises(RevisionConflictError) as error:
            store.commit(moved(head_of("wf_1"), 2), version_of("wf_1", 2), None)
        assert (error.value.expected, error.value.actual) == (None, 1)
        assert store.get_head("wf_1") == head_of("wf_1")

    def test_a_commit_on_a_revision_that_is_over_writes_nothing(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        store.commit(moved(head_of("wf_1"), 2), version_of("wf_1", 2), 1)
        with pytest.raises(RevisionConflictError) as error:
            store.commit(moved(head_of("wf_1"), 3), version_of("wf_1", 3), 1)
        assert (error.value.expected, error.value.actual) == (1, 2)
        assert store.get_head("wf_1").revision == 2
        with pytest.raises(NotFoundError):
            store.get_version("wf_1", 3)

    def test_there_must_be_a_head_to_move(self, store: WorkflowStore) -> None:
        with pytest.raises(NotFoundError) as error:
            store.commit(head_of("wf_1"), version_of("wf_1"), 1)
        assert error.value.kind == "workflow"

    def test_a_version_is_never_written_twice(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        with pytest.raises(ConflictError) as error:
            store.commit(moved(head_of("wf_1"), 2), version_of("wf_1", 1, workflow_of("other")), 1)
        assert not isinstance(error.value, RevisionConflictError)
        assert store.get_head("wf_1").revision == 1
        assert store.get_version("wf_1", 1) == version_of("wf_1")

    def test_of_many_who_save_at_once_one_wins(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)

        def save(number: int) -> bool:
            try:
                store.commit(moved(head_of("wf_1"), 2), version_of("wf_1", 2, workflow_of(f"n{number}")), 1)
            except RevisionConflictError:
                return False
            return True

        won = at_once(12, save)
        assert won.count(True) == 1
        assert store.get_version("wf_1", 2).workflow == workflow_of(f"n{won.index(True)}")

    def test_a_head_moves_without_a_version(self, store: WorkflowStore) -> None:
        head = head_of("wf_1")
        store.commit(head, version_of("wf_1"), None)
        published = replace(head, revision=2, live_version=None, published_at=None, published_by=None)
        store.move_head(published, 1)
        assert store.get_head("wf_1") == published
        assert store.list_heads(5).items == (published,)
        assert store.list_versions("wf_1", 5).items == (version_of("wf_1"),)

    def test_a_head_that_is_elsewhere_does_not_move(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        with pytest.raises(RevisionConflictError) as conflict:
            store.move_head(replace(head_of("wf_1"), revision=3), 2)
        assert (conflict.value.expected, conflict.value.actual) == (2, 1)
        assert store.get_head("wf_1") == head_of("wf_1")
        with pytest.raises(NotFoundError):
            store.move_head(head_of("wf_2"), 1)
        assert store.list_heads(5).items == (head_of("wf_1"),)

    def test_heads_are_listed_newest_first(self, store: WorkflowStore, clock: ManualClock) -> None:
        made = self.make_workflows(store, clock, 23)
        heads = [head_of(workflow_id) for workflow_id in reversed(made)]
        assert list(store.list_heads(50).items) == heads
        assert store.list_heads(50).cursor is None
        assert store.list_heads(23).cursor is None
        assert read_pages(lambda cursor: store.list_heads(5, cursor)) == heads

    def test_an_empty_list_has_no_cursor(self, store: WorkflowStore) -> None:
        page = store.list_heads(10)
        assert (page.items, page.cursor) == ((), None)

    def test_a_list_goes_on_where_it_was_while_others_write(
        self, store: WorkflowStore, clock: ManualClock
    ) -> None:
        made = self.make_workflows(store, clock, 12)
        first = store.list_heads(5)
        self.make_workflows(store, clock, 3)
        store.delete(made[6], None, clock.now() + timedelta(days=1))
        store.delete(made[2], None, clock.now() + timedelta(days=1))
        rest = read_pages(lambda cursor: store.list_heads(5, cursor or first.cursor))
        left = [made[n] for n in (5, 4, 3, 1, 0)]
        assert [head.workflow_id for head in first.items] == made[:6:-1]
        assert [head.workflow_id for head in rest] == left

    def test_cursors_that_are_not_ours_are_refused(self, store: WorkflowStore, clock: ManualClock) -> None:
        made = self.make_workflows(store, clock, 3)
        store.commit(moved(head_of(made[0]), 2), version_of(made[0], 2), 1)
        cursor, versions_cursor = store.list_heads(1).cursor, store.list_versions(made[0], 1).cursor
        assert cursor is not None
        assert versions_cursor is not None
        for bad in [*spoiled(cursor), versions_cursor]:
            with pytest.raises(RequestError) as error:
                store.list_heads(1, bad)
            assert error.value.field == "cursor"
        for bad in [*spoiled(versions_cursor), cursor]:
            with pytest.raises(RequestError):
                store.list_versions(made[0], 1, bad)

    def test_an_audience_sees_its_own_and_what_is_shared_with_it(
        self, store: WorkflowStore, clock: ManualClock
    ) -> None:
        made = self.make_workflows(store, clock, 6)
        owned = [("ann", ()), ("bob", ()), ("bob", ("ops",)), (None, ()), ("ann", ()), ("bob", (EVERYONE,))]
        for workflow_id, belongs in zip(made, owned, strict=True):
            head = store.get_head(workflow_id)
            owned_head = replace(head, ownership=Ownership(*belongs), revision=head.revision + 1)
            store.move_head(owned_head, head.revision)

        def seen(audience: Audience) -> list[int]:
            pages = read_pages(lambda cursor: store.list_heads(1, cursor, audience))
            return [made.index(head.workflow_id) for head in pages]

        assert seen(Audience("ann", frozenset({"ops"}))) == [5, 4, 2, 0]
        assert seen(Audience("bob")) == [5, 2, 1]
        assert seen(Audience("eve")) == [5]
        assert seen(Audience("eve", sees_all=True)) == [5, 4, 3, 2, 1, 0]

    def test_a_page_holds_at_least_one(self, store: WorkflowStore) -> None:
        for limit in (0, -1):
            with pytest.raises(RequestError) as error:
                store.list_heads(limit)
            assert error.value.field == "limit"
            with pytest.raises(RequestError):
                store.list_versions("wf_1", limit)

    def test_versions_are_listed_newest_first(self, store: WorkflowStore) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        for number in range(2, 13):
            store.commit(moved(head_of("wf_1"), number), version_of("wf_1", number), number - 1)
        store.commit(head_of("wf_10"), version_of("wf_10"), None)
        versions = [version_of("wf_1", number) for number in range(12, 0, -1)]
        assert list(store.list_versions("wf_1", 50).items) == versions
        assert read_pages(lambda cursor: store.list_versions("wf_1", 5, cursor)) == versions
        assert store.list_versions("wf_2", 5).items == ()

    def test_versions_of_a_deleted_workflow_stay_until_they_expire(
        self, store: WorkflowStore, clock: ManualClock
    ) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        store.commit(moved(head_of("wf_1"), 2), version_of("wf_1", 2), 1)
        store.delete("wf_1", 2, clock.now() + timedelta(hours=1))
        with pytest.raises(NotFoundError):
            store.get_head("wf_1")
        assert store.list_heads(10).items == ()
        assert store.get_version("wf_1", 1) == version_of("wf_1")
        clock.advance(3601)
        with pytest.raises(NotFoundError):
            store.get_version("wf_1", 1)
        assert store.list_versions("wf_1", 10).items == ()

    def test_an_id_is_free_again_when_its_versions_have_expired(
        self, store: WorkflowStore, clock: ManualClock
    ) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        store.delete("wf_1", None, clock.now() + timedelta(hours=1))
        again = version_of("wf_1", 1, workflow_of("again"))
        clock.advance(3599)
        with pytest.raises(ConflictError) as error:
            store.commit(head_of("wf_1"), again, None)
        assert not isinstance(error.value, RevisionConflictError)
        clock.advance(2)
        store.commit(head_of("wf_1"), again, None)
        clock.advance(3600)
        assert store.get_version("wf_1", 1) == again
        assert store.list_versions("wf_1", 5).items == (again,)

    def test_a_delete_takes_the_head_that_was_meant_or_none(
        self, store: WorkflowStore, clock: ManualClock
    ) -> None:
        store.commit(head_of("wf_1"), version_of("wf_1"), None)
        expires_at = clock.now() + timedelta(hours=1)
        with pytest.raises(RevisionConflictError) as conflict:
            store.delete("wf_1", 2, expires_at)
        assert (conflict.value.expected, conflict.value.actual) == (2, 1)
        for expected in (None, 1):
            with pytest.raises(NotFoundError):
                store.delete("wf_2", expected, expires_at)
        assert store.get_head("wf_1") == head_of("wf_1")
        store.delete("wf_1", None, expires_at)
        with pytest.raises(NotFoundError):
            store.delete("wf_1", None, expires_at)

    def test_a_thousand_nodes_are_kept(self, store: WorkflowStore) -> None:
        workflow = workflow_of(*(f"node_{n}" for n in range(1000)), config={"prompt": "Say it. " * 40})
        store.commit(head_of("wf_1"), version_of("wf_1", 1, workflow), None)
        assert store.get_version("wf_1", 1) == version_of("wf_1", 1, workflow)

    def test_a_document_that_cannot_be_compressed_is_kept(self, store: WorkflowStore) -> None:
        noise = random.Random(1).randbytes(700_000).hex()
        workflow = workflow_of("first", config={"noise": noise})
        store.commit(head_of("wf_1"), version_of("wf_1", 1, workflow), None)
        assert store.get_version("wf_1", 1) == version_of("wf_1", 1, workflow)
        assert store.list_versions("wf_1", 5).items == (version_of("wf_1", 1, workflow),)

    def test_large_versions_are_all_listed(self, store: WorkflowStore) -> None:
        noise = random.Random(1)
        versions = []
        for number in range(1, 9):
            workflow = workflow_of("first", config={"noise": noise.randbytes(400_000).hex()})
            versions.append(version_of("wf_1", number, workflow))
            store.commit(moved(head_of("wf_1"), number), versions[-1], number - 1 or None)
        assert read_pages(lambda cursor: store.list_versions("wf_1", 50, cursor)) == versions[::-1]

    def test_what_is_stored_is_not_shared_with_who_gave_or_got_it(self, store: WorkflowStore) -> None:
        given = version_of("wf_1", 1, workflow_of("first", config={"list": [1]}))
        store.commit(head_of("wf_1"), given, None)
        given.workflow.nodes[0].config["list"].append(2)
        store.get_version("wf_1", 1).workflow.nodes[0].config["list"].append(3)
        assert store.get_version("wf_1", 1).workflow.nodes[0].config == {"list": [1]}

    def make_workflows(self, store: WorkflowStore, clock: ManualClock, count: int) -> list[str]:
        made = []
        for _ in range(count):
            clock.advance(0.001)
            made.append(clock.new_id("wf"))
            store.commit(head_of(made[-1]), version_of(made[-1], 1, workflow_of("first")), None)
        return made
