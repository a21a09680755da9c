"""What DynamoDB alone has to show: expiry, index keys, the size of what is written."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoCacheStore, DynamoExecutionStore, DynamoWorkflowStore
from engine.adapters.memory import ManualClock
from engine.errors import NotFoundError, RequestError
from engine.execution import ExecutionStatus, NodeStatus
from engine.ports import CacheEntry, ExecutionFilter, IdempotencyMark
from tests.contract.conftest import START
from tests.contract.samples import execution_of, head_of, run_of, version_of, workflow_of

RETENTION_DAYS = 30
RETENTION = timedelta(days=RETENTION_DAYS)
KEPT = {"started_at": START, "retention_days": RETENTION_DAYS}


@pytest.fixture
def table(make_table: Callable[[str], str]) -> str:
    return make_table("ExecutionsTable")


@pytest.fixture
def store(aws: AwsClients, table: str, clock: ManualClock) -> DynamoExecutionStore:
    return DynamoExecutionStore(aws.dynamodb, table, clock)


def items_of(aws: AwsClients, table: str) -> dict[str, dict[str, Any]]:
    return {item["sk"]["S"]: dict(item) for item in aws.dynamodb.scan(TableName=table)["Items"]}


def expiry_of(item: dict[str, Any]) -> int:
    return int(item["expires_at_epoch_seconds"]["N"])


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def test_an_execution_and_its_node_runs_expire_together(
    store: DynamoExecutionStore, aws: AwsClients, table: str
) -> None:
    store.create(execution_of("ex_1", **KEPT, timeout_seconds=3600))
    store.start_node(run_of("first", NodeStatus.RUNNING))
    latest = seconds(START + timedelta(hours=1) + RETENTION)
    items = items_of(aws, table)
    assert {expiry_of(items[sk]) for sk in ("META", "NODE#first")} == {latest}
    store.finish("ex_1", ExecutionStatus.SUCCEEDED, START + timedelta(minutes=1))
    assert expiry_of(items_of(aws, table)["META"]) == seconds(START + timedelta(minutes=1) + RETENTION)


def test_a_node_run_of_an_execution_that_was_never_read_outlives_the_longest(
    store: DynamoExecutionStore, aws: AwsClients, table: str
) -> None:
    store.start_node(run_of("first", NodeStatus.RUNNING))
    longest = timedelta(seconds=31_536_000, days=90)
    assert expiry_of(items_of(aws, table)["NODE#first"]) == seconds(START + longest)


def test_another_process_keeps_to_the_retention_of_the_execution(
    store: DynamoExecutionStore, aws: AwsClients, table: str, clock: ManualClock
) -> None:
    store.create(execution_of("ex_1", **KEPT, timeout_seconds=3600))
    other = DynamoExecutionStore(aws.dynamodb, table, clock)
    other.start_node(run_of("first", NodeStatus.RUNNING))
    assert expiry_of(items_of(aws, table)["NODE#first"]) == seconds(START + timedelta(hours=1) + RETENTION)
    another = DynamoExecutionStore(aws.dynamodb, table, clock)
    another.finish("ex_1", ExecutionStatus.SUCCEEDED, START)
    assert expiry_of(items_of(aws, table)["META"]) == seconds(START + RETENTION)


def test_a_day_is_written_down_for_as_long_as_its_longest_execution_is_kept(
    store: DynamoExecutionStore, aws: AwsClients, table: str, clock: ManualClock
) -> None:
    def until(days: int) -> int:
        store.create(execution_of(clock.new_id("ex"), started_at=START, retention_days=days))
        other = DynamoExecutionStore(aws.dynamodb, table, clock)
        other.create(execution_of(clock.new_id("ex"), started_at=START, retention_days=1))
        return expiry_of(items_of(aws, table)["2035-03"])

    months = timedelta(days=31, seconds=60)
    assert until(30) == seconds(START + months + timedelta(days=30))
    assert until(5) == seconds(START + months + timedelta(days=30))
    assert until(400) == seconds(START + months + timedelta(days=400))
    assert len(store.list_executions(ExecutionFilter(), 10).items) == 6


def test_what_has_expired_is_gone_before_dynamodb_deletes_it(
    store: DynamoExecutionStore, clock: ManualClock
) -> None:
    store.create(execution_of("ex_1", **KEPT))
    store.finish_node(run_of("first", NodeStatus.SUCCEEDED))
    clock.advance(RETENTION.total_seconds() + 61)
    store.create(execution_of("ex_2", started_at=clock.now()))
    for act in (
        lambda: store.get("ex_1"),
        lambda: store.read_nodes("ex_1", [("first", None)]),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert store.list_node_runs("ex_1").items == ()
    found = store.list_executions(ExecutionFilter(), 10).items
    assert [execution.execution_id for execution in found] == ["ex_2"]


def test_no_index_key_is_the_same_for_all(store: DynamoExecutionStore, aws: AwsClients, table: str) -> None:
    for number in range(60):
        store.create(execution_of(f"ex_{number}", started_at=START))
    items = aws.dynamodb.scan(TableName=table)["Items"]
    shards = {item["day_shard"]["S"] for item in items if item["sk"]["S"] == "META"}
    assert shards == {f"2035-03-14#{shard}" for shard in range(4)}


def test_only_executions_are_in_the_indexes(store: DynamoExecutionStore, aws: AwsClients, table: str) -> None:
    store.create(execution_of("ex_1", started_at=START))
    store.finish_node(run_of("first", NodeStatus.SUCCEEDED, item=7))
    store.mark_idempotency("key", IdempotencyMark("0" * 64, "ex_1"), START + timedelta(days=1))
    for index in ("by_workflow", "by_day"):
        found = aws.dynamodb.scan(TableName=table, IndexName=index)["Items"]
        assert [item["sk"]["S"] for item in found] == ["META"]
    assert {"META", "ITEM#first#00000007", "MARK", "2035-03"} == set(items_of(aws, table))


def test_a_filter_that_matches_little_reads_little_at_a_time(store: DynamoExecutionStore) -> None:
    for day in range(24):
        started_at = START - timedelta(days=day)
        store.create(execution_of(f"ex_{100 - day}", started_at=started_at))
    store.finish("ex_80", ExecutionStatus.FAILED, START)
    failed = ExecutionFilter(status=ExecutionStatus.FAILED)
    found, cursors = [], []
    page = store.list_executions(failed, 5)
    while page.cursor is not None:
        found += page.items
        cursors.append(page.cursor)
        page = store.list_executions(failed, 5, page.cursor)
    assert [execution.execution_id for execution in [*found, *page.items]] == ["ex_80"]
    assert len(cursors) == 2


def test_a_mark_and_a_cached_result_carry_their_expiry(
    aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
) -> None:
    name = make_table("CacheTable")
    store = DynamoCacheStore(aws.dynamodb, name, clock)
    store.put(CacheEntry("key", "llm", START + timedelta(seconds=1.5), result={"output": 1}), START)
    (item,) = aws.dynamodb.scan(TableName=name)["Items"]
    assert expiry_of(dict(item)) == seconds(START) + 2


def test_a_document_that_no_transaction_holds_is_refused_with_a_cure(
    aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
) -> None:
    store = DynamoWorkflowStore(aws.dynamodb, make_table("WorkflowsTable"), clock)
    noise = random.Random(1).randbytes(4_500_000).hex()
    workflow = workflow_of("first", config={"noise": noise})
    with pytest.raises(RequestError, match="3,800,000") as error:
        store.commit(head_of("wf_1"), version_of("wf_1", 1, workflow), None)
    assert error.value.field == "nodes"
    with pytest.raises(NotFoundError):
        store.get_head("wf_1")


def test_ids_of_many_workflows_are_spread_over_the_list(
    aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
) -> None:
    name = make_table("WorkflowsTable")
    store = DynamoWorkflowStore(aws.dynamodb, name, clock)
    for _ in range(60):
        workflow_id = clock.new_id("wf")
        store.commit(head_of(workflow_id), version_of(workflow_id, 1, workflow_of("first")), None)
    items = aws.dynamodb.scan(TableName=name, IndexName="list")["Items"]
    assert {item["sk"]["S"] for item in items} == {"META"}
    assert {item["list_shard"]["S"] for item in items} == {f"W#{shard}" for shard in range(8)}
