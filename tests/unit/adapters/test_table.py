from __future__ import annotations

import pytest

from engine.adapters.dynamodb.table import (
    BATCH_ATTEMPTS,
    ConditionFailedError,
    Table,
    TransactionRefusedError,
)
from engine.adapters.memory import ManualClock
from engine.errors import UnavailableError
from tests.unit.adapters.scripted_service import ScriptedService

KEYS = [{"pk": {"S": str(number)}} for number in range(3)]
PUTS = [{"Put": {"Item": key}} for key in KEYS]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def table(service: ScriptedService, clock: ManualClock) -> Table:
    return Table(service.client("dynamodb"), "things", clock)


def some(found: list[dict[str, object]], left: list[dict[str, object]]) -> tuple[int, object]:
    """An answer of BatchGetItem that put off some keys."""
    unprocessed = {"things": {"Keys": left, "ConsistentRead": True}} if left else {}
    return 200, {"Responses": {"things": found}, "UnprocessedKeys": unprocessed}


def test_keys_that_were_put_off_are_asked_for_again(
    service: ScriptedService, table: Table, clock: ManualClock
) -> None:
    service.answers = [some([KEYS[1]], [KEYS[0], KEYS[2]]), some([KEYS[2]], [KEYS[0]]), some([], [])]
    assert table.batch_get(KEYS) == [KEYS[1], KEYS[2]]
    asked = [body["RequestItems"]["things"]["Keys"] for _, body in service.requests]
    assert asked == [KEYS, [KEYS[0], KEYS[2]], [KEYS[0]]]
    assert clock.slept == [0.05, 0.1]


def test_keys_that_are_put_off_for_ever_are_unavailable(
    service: ScriptedService, table: Table, clock: ManualClock
) -> None:
    service.answers = [some([], KEYS)]
    with pytest.raises(UnavailableError, match="'things'"):
        table.batch_get(KEYS)
    assert len(service.requests) == BATCH_ATTEMPTS
    assert sum(clock.slept) == pytest.approx(3.15)


def test_no_keys_ask_nothing(service: ScriptedService, table: Table) -> None:
    assert table.batch_get([]) == []
    table.batch_delete([])
    assert service.requests == []


def test_deletes_that_were_put_off_are_asked_for_again(
    service: ScriptedService, table: Table, clock: ManualClock
) -> None:
    left = {"things": [{"DeleteRequest": {"Key": KEYS[2]}}]}
    service.answers = [(200, {"UnprocessedItems": left}), (200, {"UnprocessedItems": {}})]
    table.batch_delete(KEYS)
    assert [body["RequestItems"] for _, body in service.requests][1] == left
    service.answers = [(200, {"UnprocessedItems": left})]
    with pytest.raises(UnavailableError):
        table.batch_delete(KEYS)


def test_deletes_go_in_batches_of_twenty_five(service: ScriptedService, table: Table) -> None:
    service.answers = [(200, {"UnprocessedItems": {}})]
    table.batch_delete([{"pk": {"S": str(number)}} for number in range(60)])
    assert [len(body["RequestItems"]["things"]) for _, body in service.requests] == [25, 25, 10]


def cancelled(service: ScriptedService, *codes: str) -> tuple[int, object]:
    reasons = [{"Code": code} for code in codes]
    return service.refuse("TransactionCanceledException", CancellationReasons=reasons)


def test_a_transaction_that_only_collided_is_tried_again(service: ScriptedService, table: Table) -> None:
    service.answers = [cancelled(service, "None", "TransactionConflict", "None"), (200, {})]
    table.transact(PUTS)
    assert service.operations() == ["TransactWriteItems"] * 2


def test_a_transaction_that_keeps_colliding_is_unavailable(service: ScriptedService, table: Table) -> None:
    service.answers = [cancelled(service, "TransactionConflict", "None", "None")]
    with pytest.raises(UnavailableError):
        table.transact(PUTS)
    assert len(service.requests) == BATCH_ATTEMPTS


def test_a_condition_that_does_not_hold_ends_a_transaction(service: ScriptedService, table: Table) -> None:
    service.answers = [cancelled(service, "None", "ConditionalCheckFailed", "TransactionConflict")]
    with pytest.raises(TransactionRefusedError) as refused:
        table.transact(PUTS)
    assert [refused.value.failed(index) for index in range(4)] == [False, True, False, False]
    assert len(service.requests) == 1


def test_a_condition_that_does_not_hold_shows_what_is_stored(service: ScriptedService, table: Table) -> None:
    service.answers = [service.refuse("ConditionalCheckFailedException", Item=KEYS[0])]
    with pytest.raises(ConditionFailedError) as failed:
        table.put(KEYS[0], "attribute_not_exists(pk)")
    assert failed.value.stored == KEYS[0]
    assert service.requests[0][1]["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


def test_a_throttled_table_is_unavailable_in_every_operation(service: ScriptedService, table: Table) -> None:
    service.answers = [service.refuse("ProvisionedThroughputExceededException")]
    acts = [
        lambda: table.get(KEYS[0]),
        lambda: table.put(KEYS[0]),
        lambda: table.update(KEYS[0], "SET a = b"),
        lambda: table.delete(KEYS[0]),
        lambda: table.batch_get(KEYS),
        lambda: table.batch_delete(KEYS),
        lambda: table.transact(PUTS),
        lambda: list(table.query_all(KeyConditionExpression="pk = :pk")),
        lambda: list(table.scan_all()),
    ]
    for act in acts:
        with pytest.raises(UnavailableError, match="table 'things': ProvisionedThroughputExceeded"):
            act()


def test_queries_and_scans_go_through_all_pages(service: ScriptedService, table: Table) -> None:
    pages = [
        (200, {"Items": [KEYS[0]], "LastEvaluatedKey": KEYS[0]}),
        (200, {"Items": [], "LastEvaluatedKey": KEYS[1]}),
        (200, {"Items": [KEYS[2]]}),
    ]
    service.answers = [*pages, *pages]
    assert list(table.query_all(KeyConditionExpression="pk = :pk")) == [KEYS[0], KEYS[2]]
    assert list(table.scan_all()) == [KEYS[0], KEYS[2]]
    starts = [body.get("ExclusiveStartKey") for _, body in service.requests]
    assert starts == [None, KEYS[0], KEYS[1]] * 2
