"""What every store of access control promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.access.api_key import ApiKey, hash_secret
from engine.access.audit import AuditFilter, AuditRecord
from engine.access.ports import ApiKeyStore, AuditStore, LimitStore
from engine.access.role import Permission, Role
from engine.access.window import Window
from engine.errors import ConflictError, NotFoundError, RequestError
from tests.contract.samples import NOW, at_once, read_pages, spoiled

MINUTE = Window.at("requests", NOW)


def key_of(key_id: str, **changes: Any) -> ApiKey:
    fields: dict[str, Any] = {
        "key_id": key_id,
        "name": "CI",
        "secret_sha256": hash_secret("s"),
        "user": "ann",
        "role": Role.OPERATOR,
        "groups": ("ops",),
        "scopes": (Permission.WORKFLOWS_READ,),
        "requests_per_minute": 60,
        "created_at": NOW,
        "created_by": "bootstrap",
        "expires_at": NOW + timedelta(days=1),
    }
    return ApiKey(**(fields | changes))


def record_of(number: int, days: int = 0, **changes: Any) -> AuditRecord:
    fields: dict[str, Any] = {
        "audit_id": f"au_{number:026d}",
        "at": NOW + timedelta(days=days, seconds=number),
        "actor": "key:1",
        "user": "ann",
        "action": "workflow.update",
        "target": "workflow:wf_1",
        "before": {"version": 1},
        "after": {"version": 2, "name": "漢 \ud800"},
    }
    return AuditRecord(**(fields | changes))


class ApiKeyStoreContract:
    """A fixture ``store`` that is empty."""

    def test_a_key_comes_back_as_it_went_in(self, store: ApiKeyStore) -> None:
        store.create(key_of("K1"))
        store.create(key_of("K2", scopes=None, expires_at=None))
        assert store.get("K1") == key_of("K1")
        assert store.get("K2") == key_of("K2", scopes=None, expires_at=None)

    def test_an_id_is_taken_once(self, store: ApiKeyStore) -> None:
        store.create(key_of("K1"))
        with pytest.raises(ConflictError):
            store.create(key_of("K1", user="bob"))
        # As the SDK does when the answer to a write was lost.
        store.create(key_of("K1"))
        assert store.get("K1") == key_of("K1")

    def test_a_key_that_does_not_exist_is_not_found_nor_replaced(self, store: ApiKeyStore) -> None:
        with pytest.raises(NotFoundError):
            store.get("K1")
        with pytest.raises(NotFoundError):
            store.replace(key_of("K1"))
        assert store.touch("K1", NOW, NOW) is False
        assert store.list_keys(10).items == ()

    def test_a_revoked_key_says_so_and_keeps_when_it_was_used(self, store: ApiKeyStore) -> None:
        store.create(key_of("K1"))
        store.touch("K1", NOW, NOW - timedelta(minutes=1))
        store.replace(key_of("K1", revoked_at=NOW))
        assert store.get("K1").revoked_at == NOW
        assert store.last_used(("K1", "K2")) == {"K1": NOW}

    def test_use_is_noted_once_in_a_minute_however_many_ask(self, store: ApiKeyStore) -> None:
        store.create(key_of("K1"))
        noted = at_once(8, lambda _: store.touch("K1", NOW, NOW - timedelta(minutes=1)))
        assert sorted(noted) == [False] * 7 + [True]
        later = NOW + timedelta(seconds=59)
        assert store.touch("K1", later, later - timedelta(minutes=1)) is False
        later = NOW + timedelta(seconds=60)
        assert store.touch("K1", later, later - timedelta(minutes=1)) is True
        assert store.last_used(("K1",)) == {"K1": later}

    def test_the_list_shows_the_newest_first_in_pages(self, store: ApiKeyStore) -> None:
        for number in range(5):
            store.create(key_of(f"K{number}"))
        found = read_pages(lambda cursor: store.list_keys(2, cursor))
        assert [key.key_id for key in found] == ["K4", "K3", "K2", "K1", "K0"]
        cursor = store.list_keys(2).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError):
                store.list_keys(2, bad)


class LimitStoreContract:
    """A fixture ``store`` that is empty."""

    def test_a_limit_is_exact_however_many_count_at_once(self, store: LimitStore) -> None:
        counted = at_once(16, lambda _: store.take("key:1", MINUTE, 10))
        assert sorted(count for count in counted if count is not None) == list(range(1, 11))
        assert counted.count(None) == 6

    def test_subjects_and_windows_are_counted_apart(self, store: LimitStore) -> None:
        later = Window.at("requests", NOW + timedelta(minutes=1))
        day = Window.at("executions", NOW)
        asked = [("key:1", MINUTE), ("key:2", MINUTE), ("key:1", later), ("key:1", day)]
        assert [store.take(subject, window, 1) for subject, window in asked] == [1, 1, 1, 1]
        assert [store.take(subject, window, 1) for subject, window in asked] == [None] * 4

    def test_what_is_given_back_can_be_taken_again_and_never_falls_below_nothing(
        self, store: LimitStore
    ) -> None:
        store.give_back("key:1", MINUTE)
        assert store.take("key:1", MINUTE, 1) == 1
        store.give_back("key:1", MINUTE)
        store.give_back("key:1", MINUTE)
        assert store.take("key:1", MINUTE, 1) == 1

    def test_places_are_exact_however_many_ask_at_once(self, store: LimitStore) -> None:
        refused = at_once(12, lambda n: store.hold("key:1", f"ex_{n:02d}", 5))
        assert refused.count(None) == 5
        held = [f"ex_{n:02d}" for n, answer in enumerate(refused) if answer is None]
        assert [list(answer) for answer in refused if answer is not None] == [held] * 7

    def test_a_place_is_held_once_and_given_back_once(self, store: LimitStore) -> None:
        assert [store.hold("key:1", "ex_1", 1) for _ in range(2)] == [None, None]
        assert store.hold("key:1", "ex_2", 1) == ("ex_1",)
        store.release("key:1", "ex_3")
        store.release("key:2", "ex_1")
        assert store.hold("key:1", "ex_2", 1) == ("ex_1",)
        store.release("key:1", "ex_1")
        store.release("key:1", "ex_1")
        assert store.hold("key:1", "ex_2", 1) is None


class AuditStoreContract:
    """A fixture ``store`` that is empty."""

    def test_a_record_comes_back_as_it_went_in(self, store: AuditStore) -> None:
        store.append(record_of(1))
        assert store.list_records(AuditFilter(), 10).items == (record_of(1),)

    def test_a_record_is_never_written_over(self, store: AuditStore) -> None:
        store.append(record_of(1))
        with pytest.raises(ConflictError):
            store.append(record_of(1, action="nothing.happened"))
        # As the SDK does when the answer to a write was lost.
        store.append(record_of(1))
        assert store.list_records(AuditFilter(), 10).items == (record_of(1),)

    def test_the_list_shows_the_newest_first_in_pages_over_days(self, store: AuditStore) -> None:
        records = [record_of(number, days=number // 3) for number in range(9)]
        for record in records:
            store.append(record)
        found = read_pages(lambda cursor: store.list_records(AuditFilter(), 2, cursor))
        assert found == records[::-1]

    def test_a_filter_leaves_what_it_names(self, store: AuditStore) -> None:
        records = [
            record_of(1),
            record_of(2, action="workflow.delete", actor="key:2"),
            record_of(3, action="sign_in.fail", user=None, target=None, outcome="refused"),
            record_of(4, days=2, user="bob", target="workflow:wf_2"),
        ]
        for record in records:
            store.append(record)

        def found(**wanted: Any) -> list[str]:
            pages = read_pages(lambda cursor: store.list_records(AuditFilter(**wanted), 1, cursor))
            return [record.audit_id[-1] for record in pages]

        assert found(action="workflow.") == ["4", "2", "1"]
        assert found(action="workflow.update") == ["4", "1"]
        assert found(actor="key:2") == ["2"]
        assert found(user="bob") == ["4"]
        assert found(target="workflow:wf_1") == ["2", "1"]
        assert found(outcome="refused") == ["3"]
        assert found(after=NOW + timedelta(seconds=3), before=NOW + timedelta(days=1)) == ["3"]

    def test_cursors_that_are_not_ours_are_refused(self, store: AuditStore) -> None:
        for number in range(3):
            store.append(record_of(number))
        cursor = store.list_records(AuditFilter(), 1).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError):
                store.list_records(AuditFilter(), 1, bad)
        with pytest.raises(RequestError):
            store.list_records(AuditFilter(user="ann"), 1, cursor)
