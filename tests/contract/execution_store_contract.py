"""What every ExecutionStore promises of executions. Subclass it and give a ``store`` that uses ``clock``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.adapters.memory import ManualClock
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.execution import Claim, ErrorInfo, Execution, ExecutionCost, ExecutionStatus
from engine.ports import ExecutionFilter, ExecutionStore, IdempotencyMark
from tests.contract.samples import NOW, VALUES, at_once, execution_of, read_pages, spoiled

CLAIM = Claim(key="executions/ex_1/output.json", size_bytes=5_000_000, sha256="0" * 64)
ERROR = ErrorInfo(
    type="NodeError", message="it broke \ud800", node_id="first", field="config.url", retryable=True
)
COST = ExecutionCost(
    usd=None, states_usd=0.000175, models_usd=None, input_tokens=7, unpriced_models=("own-model",)
)


class ExecutionStoreContract:
    def test_an_execution_is_read_back_whole(self, store: ExecutionStore) -> None:
        execution = execution_of(
            "ex_1",
            inputs_claim=CLAIM,
            trigger="schedule",
            bypass_cache=True,
            state_machine_version_arn="arn:1",
        )
        store.create(execution)
        assert store.get("ex_1") == execution
        with pytest.raises(NotFoundError) as error:
            store.get("ex_2")
        assert (error.value.kind, error.value.name) == ("execution", "ex_2")

    def test_an_id_is_taken_once(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        with pytest.raises(ConflictError):
            store.create(execution_of("ex_1", workflow_name="Other"))
        assert store.get("ex_1") == execution_of("ex_1")

    def test_the_name_that_step_functions_gave_is_noted(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        store.set_execution_arn("ex_1", "arn:aws:x")
        assert store.get("ex_1") == execution_of("ex_1", execution_arn="arn:aws:x")
        with pytest.raises(NotFoundError):
            store.set_execution_arn("ex_2", "arn:aws:y")

    @pytest.mark.parametrize("output", [None, False, 0, "", [], {}, VALUES])
    def test_an_execution_ends_with_its_output(self, store: ExecutionStore, output: object) -> None:
        store.create(execution_of("ex_1"))
        assert store.finish("ex_1", ExecutionStatus.SUCCEEDED, NOW, output=output) is True
        assert store.get("ex_1") == execution_of(
            "ex_1", status=ExecutionStatus.SUCCEEDED, ended_at=NOW, output=output
        )

    def test_an_execution_ends_once(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        told = {"error": ERROR, "output_claim": CLAIM, "cost": COST}
        assert store.finish("ex_1", ExecutionStatus.FAILED, NOW, **told) is True
        assert store.finish("ex_1", ExecutionStatus.SUCCEEDED, NOW, output=1) is False
        store.set_execution_arn("ex_1", "arn:aws:x")
        ended = {"status": ExecutionStatus.FAILED, "ended_at": NOW, **told}
        assert store.get("ex_1") == execution_of("ex_1", execution_arn="arn:aws:x", **ended)

    def test_of_many_who_end_it_at_once_one_wins(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))

        def finish(number: int) -> bool:
            return store.finish("ex_1", ExecutionStatus.SUCCEEDED, NOW, output=number)

        won = at_once(12, finish)
        assert won.count(True) == 1
        assert store.get("ex_1").output == won.index(True)

    def test_only_what_exists_ends_and_only_with_an_end(self, store: ExecutionStore) -> None:
        with pytest.raises(NotFoundError):
            store.finish("ex_1", ExecutionStatus.SUCCEEDED, NOW)
        store.create(execution_of("ex_1"))
        with pytest.raises(ValueError, match="running"):
            store.finish("ex_1", ExecutionStatus.RUNNING, NOW)

    def test_executions_are_listed_newest_first(self, store: ExecutionStore, clock: ManualClock) -> None:
        made = make_executions(store, clock, 40)
        everything = list(reversed(made))
        assert list(store.list_executions(ExecutionFilter(), 100).items) == everything
        assert read_pages(lambda cursor: store.list_executions(ExecutionFilter(), 7, cursor)) == everything
        of_one = ExecutionFilter(workflow_id="wf_1")
        wanted = [execution for execution in everything if execution.workflow_id == "wf_1"]
        assert list(store.list_executions(of_one, 100).items) == wanted
        assert read_pages(lambda cursor: store.list_executions(of_one, 7, cursor)) == wanted

    @pytest.mark.parametrize("workflow_id", [None, "wf_0"])
    def test_a_list_is_filtered_by_status_and_time(
        self, store: ExecutionStore, clock: ManualClock, workflow_id: str | None
    ) -> None:
        made = make_executions(store, clock, 40)
        for execution in made[::2]:
            store.finish(execution.execution_id, ExecutionStatus.FAILED, NOW)
        after, before = made[9].started_at, made[31].started_at

        def listed(status: ExecutionStatus) -> list[str]:
            wanted = ExecutionFilter(workflow_id, status, after, before)
            found = read_pages(lambda cursor: store.list_executions(wanted, 4, cursor))
            return [execution.execution_id for execution in found]

        between = [e for e in reversed(made[9:31]) if workflow_id in (None, e.workflow_id)]
        failed = [e.execution_id for e in between if made.index(e) % 2 == 0]
        running = [e.execution_id for e in between if made.index(e) % 2 == 1]
        assert listed(ExecutionStatus.FAILED) == failed
        assert listed(ExecutionStatus.RUNNING) == running
        assert listed(ExecutionStatus.ABORTED) == []

    def test_a_list_goes_on_where_it_was_while_others_write(
        self, store: ExecutionStore, clock: ManualClock
    ) -> None:
        made = make_executions(store, clock, 12)
        first = store.list_executions(ExecutionFilter(), 5)
        make_executions(store, clock, 4)
        store.finish(made[3].execution_id, ExecutionStatus.ABORTED, NOW)
        rest = read_pages(lambda cursor: store.list_executions(ExecutionFilter(), 5, cursor or first.cursor))
        assert [e.execution_id for e in [*first.items, *rest]] == [e.execution_id for e in reversed(made)]

    def test_an_empty_list_has_no_cursor(self, store: ExecutionStore) -> None:
        for wanted in (ExecutionFilter(), ExecutionFilter(workflow_id="wf_1")):
            page = store.list_executions(wanted, 10)
            assert (page.items, page.cursor) == ((), None)

    def test_cursors_that_are_not_ours_are_refused(self, store: ExecutionStore, clock: ManualClock) -> None:
        make_executions(store, clock, 3)
        everything = ExecutionFilter()
        cursor = store.list_executions(everything, 1).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError) as error:
                store.list_executions(everything, 1, bad)
            assert error.value.field == "cursor"
        with pytest.raises(RequestError):
            store.list_executions(ExecutionFilter(status=ExecutionStatus.FAILED), 1, cursor)
        with pytest.raises(RequestError) as error:
            store.list_executions(everything, 0)
        assert error.value.field == "limit"

    def test_a_start_is_remembered_under_its_key(self, store: ExecutionStore, clock: ManualClock) -> None:
        first, second = IdempotencyMark("a" * 64, "ex_1"), IdempotencyMark("b" * 64, "ex_2")
        expires_at = clock.now() + timedelta(hours=1)
        assert store.mark_idempotency("key \ud800", first, expires_at) == first
        assert store.mark_idempotency("key \ud800", second, expires_at) == first
        assert store.mark_idempotency("key 2", second, expires_at) == second
        clock.advance(3600)
        assert store.mark_idempotency("key \ud800", second, clock.now() + timedelta(hours=1)) == second

    def test_all_who_start_at_once_under_a_key_agree(self, store: ExecutionStore, clock: ManualClock) -> None:
        expires_at = clock.now() + timedelta(hours=1)

        def mark(number: int) -> IdempotencyMark:
            return store.mark_idempotency("key", IdempotencyMark("a" * 64, f"ex_{number}"), expires_at)

        assert len(set(at_once(12, mark))) == 1

    def test_those_that_run_are_listed_once_they_are_due(
        self, store: ExecutionStore, clock: ManualClock
    ) -> None:
        for number in range(6):
            started_at = NOW - timedelta(seconds=number)
            store.create(execution_of(f"ex_{number}", started_at=started_at, timeout_seconds=60))
        assert store.list_due(NOW + timedelta(seconds=50), 10) == ()
        # Started 5, 4, 3 s before; the store counts in whole seconds, up.
        due = NOW + timedelta(seconds=57.9)
        assert store.list_due(due, 10) == ("ex_5", "ex_4", "ex_3")
        assert store.list_due(due, 2) == ("ex_5", "ex_4")
        store.finish("ex_5", ExecutionStatus.SUCCEEDED, NOW)
        store.finish("ex_3", ExecutionStatus.FAILED, NOW)
        assert store.list_due(due, 10) == ("ex_4",)
        store.finish("ex_4", ExecutionStatus.ABORTED, NOW)
        store.remove("ex_4", clock.now())
        assert store.list_due(due, 10) == ()


def make_executions(store: ExecutionStore, clock: ManualClock, count: int) -> list[Execution]:
    """Executions of three workflows in turns, four hours apart."""
    made = []
    for number in range(count):
        clock.advance(4 * 3600)
        execution_id = clock.new_id("ex")
        execution = execution_of(execution_id, workflow_id=f"wf_{number % 3}", started_at=clock.now())
        store.create(execution)
        made.append(execution)
    return made
