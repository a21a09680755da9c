"""What every ExecutionStore promises of executions that go. Subclass it and give a ``store``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.adapters.memory import ManualClock
from engine.errors import ConflictError, NotFoundError
from engine.execution import ChildLink, ExecutionStatus, NodeStatus
from engine.ports import ExecutionFilter, ExecutionStore
from tests.contract.samples import NOW, at_once, execution_of, run_of


def begin(store: ExecutionStore, *names: str) -> None:
    for name in names:
        store.create(execution_of(name))


def end(store: ExecutionStore, name: str) -> None:
    store.finish(name, ExecutionStatus.SUCCEEDED, NOW)


class ExecutionRemovalContract:
    def test_an_ended_execution_is_taken_away_and_a_mark_says_so_for_a_time(
        self, store: ExecutionStore, clock: ManualClock
    ) -> None:
        begin(store, "ex_1")
        end(store, "ex_1")
        assert store.was_removed("ex_1") is False
        store.remove("ex_1", clock.now() + timedelta(hours=1))
        with pytest.raises(NotFoundError):
            store.get("ex_1")
        assert store.list_executions(ExecutionFilter(), 10).items == ()
        assert store.was_removed("ex_1") is True
        clock.advance(3_600)
        assert store.was_removed("ex_1") is False

    def test_one_that_runs_stays_and_one_that_is_not_there_is_not_found(
        self, store: ExecutionStore, clock: ManualClock
    ) -> None:
        begin(store, "ex_1")
        with pytest.raises(ConflictError):
            store.remove("ex_1", clock.now())
        assert store.get("ex_1") == execution_of("ex_1")
        with pytest.raises(NotFoundError):
            store.remove("ex_2", clock.now())
        assert store.was_removed("ex_2") is False

    def test_of_many_who_remove_it_one_does(self, store: ExecutionStore, clock: ManualClock) -> None:
        begin(store, "ex_1")
        end(store, "ex_1")

        def remove(_: int) -> bool:
            try:
                store.remove("ex_1", clock.now() + timedelta(hours=1))
            except NotFoundError:
                return False
            return True

        assert sorted(at_once(6, remove)) == [False] * 5 + [True]

    def test_its_rows_are_deleted_and_no_others(self, store: ExecutionStore, clock: ManualClock) -> None:
        begin(store, "ex_1", "ex_2")
        for number in range(30):
            store.finish_node(run_of("first", NodeStatus.SUCCEEDED, item=number))
        for name in ("ex_1", "ex_2"):
            store.finish_node(run_of("first", NodeStatus.SUCCEEDED, execution_id=name))
            store.add_child(name, ChildLink(execution_id="ex_3", workflow_id="wf_1"))
            store.wait_for(name, "child", "token")
        end(store, "ex_1")
        store.remove("ex_1", clock.now() + timedelta(hours=1))
        for _ in range(2):
            store.delete_rows("ex_1")
        assert store.list_node_runs("ex_1").items == store.list_children("ex_1").items == ()
        assert store.list_node_runs("ex_1", node_id="first").items == ()
        assert store.wake("ex_1", "child") is None
        assert store.was_removed("ex_1") is True
        assert len(store.list_node_runs("ex_2").items) == len(store.list_children("ex_2").items) == 1
        assert store.wake("ex_2", "child") == "token"

    def test_what_nobody_holds_may_be_deleted_when_it_goes(self, store: ExecutionStore) -> None:
        begin(store, "ex_1")
        assert store.note_gone("ex_1") is True
        assert store.release("ex_1", "ex_2") is False

    def test_what_is_held_stays_until_its_last_holder_goes(
        self, store: ExecutionStore, clock: ManualClock
    ) -> None:
        begin(store, "ex_1", "ex_2", "ex_3")
        for holder in ("ex_2", "ex_3", "ex_2"):
            store.hold("ex_1", holder)
        assert store.list_held("ex_2") == store.list_held("ex_3") == ("ex_1",)
        end(store, "ex_1")
        store.remove("ex_1", clock.now() + timedelta(hours=1))
        assert store.note_gone("ex_1") is False
        store.delete_rows("ex_1")
        assert store.release("ex_1", "ex_2") is False
        assert store.release("ex_1", "ex_3") is True
        # Whoever was cut off in between does it again.
        assert store.release("ex_1", "ex_3") is True
        store.forget_holds("ex_1")
        assert store.release("ex_1", "ex_3") is False
        store.delete_rows("ex_3")
        assert store.list_held("ex_3") == ()

    def test_what_is_held_no_more_goes_with_its_execution(self, store: ExecutionStore) -> None:
        begin(store, "ex_1", "ex_2")
        store.hold("ex_1", "ex_2")
        assert store.release("ex_1", "ex_2") is False
        assert store.note_gone("ex_1") is True

    def test_what_is_gone_is_held_by_nobody_new_but_through_who_holds_it(
        self, store: ExecutionStore, clock: ManualClock
    ) -> None:
        begin(store, "ex_1", "ex_2", "ex_3")
        store.hold("ex_1", "ex_2")
        end(store, "ex_1")
        store.remove("ex_1", clock.now() + timedelta(hours=1))
        for through in (None, "ex_3", "ex_4"):
            with pytest.raises(NotFoundError):
                store.hold("ex_1", "ex_3", through)
        store.hold("ex_1", "ex_3", through="ex_2")
        assert store.note_gone("ex_1") is False
        assert store.release("ex_1", "ex_2") is False
        assert store.release("ex_1", "ex_3") is True

    def test_of_holders_that_go_with_it_at_once_one_is_the_last(self, store: ExecutionStore) -> None:
        for round_number in range(5):
            name = f"ex_{round_number}"
            begin(store, name)
            for number in range(4):
                store.create(execution_of(f"{name}_{number}"))
                store.hold(name, f"{name}_{number}")

            def go(number: int, name: str = name) -> bool:
                return store.note_gone(name) if number == 4 else store.release(name, f"{name}_{number}")

            assert sorted(at_once(5, go)) == [False] * 4 + [True]
