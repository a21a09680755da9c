"""What every TriggerStore promises. Subclass it and give fixtures ``store`` and ``clock``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.adapters.memory import ManualClock
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.trigger import (
    EventSettings,
    FailedFire,
    Fire,
    GitHubAuth,
    ScheduleSettings,
    Trigger,
    WebhookSettings,
)
from engine.trigger_port import TriggerStore
from tests.contract.samples import NOW, VALUES, at_once, read_pages, spoiled

WEBHOOK = WebhookSettings(
    type="webhook",
    path="orders/new",
    methods=("GET", "POST"),
    auth=GitHubAuth(type="github", credential="hook"),
    inputs={"body": "{{ event.body }}", "values": VALUES},
)
SCHEDULE = ScheduleSettings(type="schedule", expression="rate(1 hour)", timezone="Europe/Berlin")
EVENT = EventSettings(type="event", pattern={"detail": VALUES}, enabled=False, name="Orders")


def trigger_of(
    trigger_id: str, settings: Any = WEBHOOK, workflow_id: str = "wf_1", revision: int = 1
) -> Trigger:
    return Trigger(
        trigger_id=trigger_id,
        workflow_id=workflow_id,
        revision=revision,
        created_at=NOW,
        updated_at=NOW,
        settings=settings,
    )


def changed(trigger: Trigger, **settings: Any) -> Trigger:
    new = trigger.settings.model_copy(update=settings)
    return trigger.model_copy(update={"settings": new, "revision": trigger.revision + 1})


def failure_of(failure_id: str, trigger_id: str = "tr_1") -> FailedFire:
    return FailedFire(
        failure_id=failure_id,
        trigger_id=trigger_id,
        workflow_id="wf_1",
        failed_at=NOW,
        message="it did not fit",
        event=VALUES,
    )


class TriggerStoreContract:
    @pytest.mark.parametrize("settings", [WEBHOOK, SCHEDULE, EVENT])
    def test_a_trigger_is_read_as_it_was_written(self, store: TriggerStore, settings: Any) -> None:
        trigger = trigger_of("tr_1", settings)
        store.add(trigger)
        assert store.get("wf_1", "tr_1") == trigger

    def test_triggers_are_listed_by_workflow_the_oldest_first(self, store: TriggerStore) -> None:
        triggers = [trigger_of(f"tr_{n}", SCHEDULE) for n in (1, 2, 3)]
        for trigger in reversed(triggers):
            store.add(trigger)
        store.add(trigger_of("tr_0", SCHEDULE, "wf_2"))
        assert store.list_triggers("wf_1") == tuple(triggers)
        assert store.list_triggers("wf_3") == ()

    def test_what_does_not_exist_is_not_found(self, store: TriggerStore) -> None:
        for ask in (
            lambda: store.get("wf_1", "tr_1"),
            lambda: store.find_webhook("orders/new"),
            lambda: store.get_failure("wf_1", "tr_1", "ff_1"),
            lambda: store.replace(changed(trigger_of("tr_1")), trigger_of("tr_1")),
        ):
            with pytest.raises(NotFoundError):
                ask()

    def test_a_webhook_is_found_by_its_path_and_no_other_takes_it(self, store: TriggerStore) -> None:
        store.add(trigger_of("tr_1"))
        assert store.find_webhook("orders/new") == trigger_of("tr_1")
        with pytest.raises(ConflictError, match="'orders/new' is taken"):
            store.add(trigger_of("tr_2", workflow_id="wf_2"))
        assert store.list_triggers("wf_2") == ()

    def test_of_many_who_ask_for_a_path_at_once_one_gets_it(self, store: TriggerStore) -> None:
        def take(number: int) -> bool:
            try:
                store.add(trigger_of(f"tr_{number}", workflow_id=f"wf_{number}"))
            except ConflictError:
                return False
            return True

        assert sorted(at_once(8, take)) == [False] * 7 + [True]

    def test_a_changed_path_is_taken_and_the_old_one_is_free(self, store: TriggerStore) -> None:
        old = trigger_of("tr_1")
        store.add(old)
        store.replace(changed(old, path="b"), old)
        assert store.find_webhook("b") == changed(old, path="b")
        store.add(trigger_of("tr_2"))
        with pytest.raises(ConflictError, match="'orders/new' is taken"):
            store.replace(changed(changed(old, path="b"), path="orders/new"), changed(old, path="b"))
        assert store.get("wf_1", "tr_1") == changed(old, path="b")

    def test_of_two_changes_of_the_same_trigger_one_stands(self, store: TriggerStore) -> None:
        old = trigger_of("tr_1", SCHEDULE)
        store.add(old)
        store.replace(changed(old, enabled=False), old)
        with pytest.raises(ConflictError, match="meanwhile"):
            store.replace(changed(old, timezone="UTC"), old)
        assert store.get("wf_1", "tr_1") == changed(old, enabled=False)

    def test_the_last_fire_is_kept_through_changes_and_never_goes_back(self, store: TriggerStore) -> None:
        old = trigger_of("tr_1")
        store.add(old)
        later = Fire(at=NOW + timedelta(seconds=1), outcome="started", execution_id="ex_1")
        store.record_fire("wf_1", "tr_1", later)
        store.record_fire("wf_1", "tr_1", Fire(at=NOW, outcome="failed", message="late"))
        store.replace(changed(old, enabled=False), old)
        assert store.get("wf_1", "tr_1") == changed(old, enabled=False).model_copy(
            update={"last_fire": later}
        )
        assert store.find_webhook("orders/new").last_fire == later
        newest = Fire(at=NOW + timedelta(seconds=2), outcome="refused", message="no", test=True)
        store.record_fire("wf_1", "tr_1", newest)
        assert store.list_triggers("wf_1")[0].last_fire == newest

    def test_a_fire_of_a_trigger_that_is_gone_leaves_nothing(self, store: TriggerStore) -> None:
        store.record_fire("wf_1", "tr_1", Fire(at=NOW, outcome="started"))
        assert store.list_triggers("wf_1") == ()

    def test_a_deleted_trigger_is_gone_with_its_path_and_its_failures(
        self, store: TriggerStore, clock: ManualClock
    ) -> None:
        store.add(trigger_of("tr_1"))
        store.add_failure(failure_of("ff_1"), clock.now() + timedelta(days=1))
        store.delete(trigger_of("tr_1"))
        store.delete(trigger_of("tr_1"))
        assert store.list_triggers("wf_1") == ()
        assert store.list_failures("wf_1", "tr_1", 10).items == ()
        store.add(trigger_of("tr_2", workflow_id="wf_2"))
        store.delete(trigger_of("tr_1"))
        assert store.find_webhook("orders/new").trigger_id == "tr_2"

    def test_failures_are_listed_newest_first_until_they_expire(
        self, store: TriggerStore, clock: ManualClock
    ) -> None:
        failures = [failure_of(f"ff_{n}") for n in range(5)]
        for failure in failures:
            store.add_failure(failure, clock.now() + timedelta(days=1))
        store.add_failure(failure_of("ff_9", "tr_2"), clock.now() + timedelta(days=1))
        assert store.get_failure("wf_1", "tr_1", "ff_3") == failures[3]
        assert read_pages(lambda cursor: store.list_failures("wf_1", "tr_1", 2, cursor)) == failures[::-1]
        store.delete_failure(failures[3])
        store.delete_failure(failures[3])
        assert [failure.failure_id for failure in store.list_failures("wf_1", "tr_1", 10).items] == [
            "ff_4", "ff_2", "ff_1", "ff_0",
        ]  # fmt: skip
        clock.advance(86_401)
        assert store.list_failures("wf_1", "tr_1", 10).items == ()
        with pytest.raises(NotFoundError):
            store.get_failure("wf_1", "tr_1", "ff_4")

    def test_cursors_that_are_not_ours_are_refused(self, store: TriggerStore, clock: ManualClock) -> None:
        for name in ("ff_1", "ff_2"):
            store.add_failure(failure_of(name), clock.now() + timedelta(days=1))
        cursor = store.list_failures("wf_1", "tr_1", 1).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError):
                store.list_failures("wf_1", "tr_1", 1, bad)
        with pytest.raises(RequestError):
            store.list_failures("wf_1", "tr_2", 1, cursor)
