"""Executions and node runs in DynamoDB; `execution_item` describes the items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import (
    EXPIRES_AT,
    Item,
    epoch_microseconds,
    expiry,
    is_expired,
    number,
    text,
)
from engine.adapters.dynamodb.batch import batched
from engine.adapters.dynamodb.execution_item import (
    DUE_ATTRIBUTES,
    DUE_SHARDS,
    end_attribute,
    execution_from,
    execution_item,
    execution_key,
    mark_from,
    mark_item,
    run_from,
    run_item,
    run_key,
)
from engine.adapters.dynamodb.execution_links import ExecutionLinks
from engine.adapters.dynamodb.execution_list import ExecutionList
from engine.adapters.dynamodb.execution_removal import ExecutionRemoval
from engine.adapters.dynamodb.table import ConditionFailedError, Table, TransactionRefusedError
from engine.adapters.record import as_fields
from engine.errors import ConflictError, NotFoundError
from engine.execution import Claim, ErrorInfo, Execution, ExecutionCost, ExecutionStatus, NodeRun
from engine.json_value import JsonValue
from engine.ports import Clock, ExecutionFilter, IdempotencyMark, Page
from engine.workflow import DEFAULT_RETENTION_DAYS, MAX_ITEMS, MAX_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Executions whose expiry a process remembers, so that a node run expires with its execution.
REMEMBERED_EXECUTIONS = 2_000
# Pages of at most 1 MB that one list of node runs reads.
MAX_PAGES = 6
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
MAX_TRANSACTION_WRITES = 100
# A node run that has not ended.
OPEN = "attribute_not_exists(execution_id) OR ended = :no"
NOT_ENDED: Item = {":no": {"BOOL": False}}


class DynamoExecutionStore(ExecutionLinks, ExecutionRemoval):
    """Keeps ExecutionStore's promises on the table of executions.

    An execution and its node runs expire ``retention_days`` of the execution after it has ended, or had to
    end.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        self._clock = clock
        self._list = ExecutionList(self._table, clock)
        self._kept: dict[str, tuple[datetime, int]] = {}

    def create(self, execution: Execution) -> None:
        """Write a new execution; ConflictError if the id is taken."""
        expires_at, _ = self._remember(execution)
        # First the day, then the execution: a day without executions costs a list one look, an execution
        # on a day that is not written down would never be listed.
        self._list.note_day(execution.started_at, expires_at)
        try:
            self._table.put(execution_item(execution, expires_at), "attribute_not_exists(execution_id)")
        except ConditionFailedError as failed:
            raise ConflictError(f"There is an execution '{execution.execution_id}' already.") from failed

    def get(self, execution_id: str) -> Execution:
        """The execution; NotFoundError."""
        return self._execution(execution_id, self._table.get(execution_key(execution_id)))

    def set_execution_arn(self, execution_id: str, execution_arn: str) -> None:
        """Note what Step Functions calls the execution; NotFoundError."""
        values = {":arn": text(execution_arn)}
        self._update(execution_id, "SET execution_arn = :arn", "attribute_exists(execution_id)", values)

    def finish(
        self,
        execution_id: str,
        status: ExecutionStatus,
        ended_at: datetime,
        *,
        output: JsonValue = None,
        output_claim: Claim | None = None,
        error: ErrorInfo | None = None,
        cost: ExecutionCost | None = None,
    ) -> bool:
        """End a running execution; False if it had ended already. NotFoundError."""
        if not status.ended:
            raise ValueError(f"an execution does not end with the status {status}")
        end = {"status": status, "ended_at": ended_at, "output": output}
        end |= {"output_claim": as_fields(output_claim)} if output_claim else {}
        end |= {"error": as_fields(error)} if error else {}
        end |= {"cost": as_fields(cost)} if cost else {}
        values = {":status": text(status), ":running": text(ExecutionStatus.RUNNING)}
        values |= {":end": end_attribute(end)}
        values |= {":at": expiry(ended_at + timedelta(days=self._retention_days_of(execution_id)))}
        change = f"SET #status = :status, #end = :end, {EXPIRES_AT} = :at REMOVE {', '.join(DUE_ATTRIBUTES)}"
        names = {"#status": "status", "#end": "end"}
        return self._update(execution_id, change, "#status = :running", values, names)

    def list_executions(
        self, wanted: ExecutionFilter, limit: int, cursor: str | None = None
    ) -> Page[Execution]:
        """Executions, newest first; RequestError on a cursor that is not ours."""
        return self._list.page(wanted, limit, cursor)

    def list_due(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Ids of executions that still run by their records, and whose time was over before then."""
        found: list[Item] = []
        for shard in DUE_SHARDS:
            items, _ = self._table.query(
                IndexName="by_due",
                KeyConditionExpression="due_shard = :shard AND due_at_epoch_seconds < :before",
                ExpressionAttributeValues={":shard": text(shard), ":before": expiry(before)},
                Limit=limit,
            )
            found += items
        found.sort(key=lambda item: int(item["due_at_epoch_seconds"]["N"]))
        return tuple(item["execution_id"]["S"] for item in found[:limit])

    def read_nodes(
        self, execution_id: str, keys: Iterable[tuple[str, int | None]]
    ) -> tuple[Execution, dict[tuple[str, int | None], NodeRun]]:
        """The execution and those of the node runs that exist, by (node id, item); NotFoundError."""
        run_keys = [run_key(execution_id, node_id, item) for node_id, item in dict.fromkeys(keys)]
        items = self._table.batch_get([execution_key(execution_id), *run_keys])
        head = next((item for item in items if item["sk"]["S"] == "META"), None)
        runs = [run_from(item) for item in items if item["sk"]["S"] != "META"]
        return self._execution(execution_id, head), {(run.node_id, run.item): run for run in runs}

    def list_node_runs(
        self,
        execution_id: str,
        *,
        node_id: str | None = None,
        limit: int = MAX_ITEMS,
        cursor: str | None = None,
    ) -> Page[NodeRun]:
        """Node runs by node id, or with ``node_id`` the items of that node in order."""
        check_limit(limit)
        listing = f"node runs:{execution_id}:{node_id or ''}"
        position = decode_cursor(listing, cursor, parts=1)
        first = "NODE#" if node_id is None else f"ITEM#{node_id}#"
        items: list[Item] = []
        start = {**execution_key(execution_id), "sk": text(position[0])} if position else None
        for _ in range(MAX_PAGES):
            found, start = self._table.query(
                KeyConditionExpression="execution_id = :id AND begins_with(sk, :first)",
                ExpressionAttributeValues={":id": text(execution_id), ":first": text(first)},
                ConsistentRead=True,
                Limit=limit + 1 - len(items),
                **({"ExclusiveStartKey": start} if start else {}),
            )
            items += found
            if start is None or len(items) > limit:
                break
        more = items[:limit][-1]["sk"]["S"] if items and (len(items) > limit or start) else None
        now = self._clock.now()
        runs = tuple(run_from(item) for item in items[:limit] if not is_expired(item, now))
        return Page(runs, encode_cursor(listing, [more]) if more else None)

    def start_node(self, run: NodeRun) -> NodeRun | None:
        """Record that an attempt begins. None when recorded; the stored node run when that one has ended."""
        if run.status.ended:
            raise ValueError(f"an attempt does not begin with the status {run.status}")
        return self._write(run)

    def finish_node(self, run: NodeRun) -> NodeRun | None:
        """Record how the node run ended. None when recorded; the stored one when it ended before."""
        if not run.status.ended:
            raise ValueError(f"a node run does not end with the status {run.status}")
        return self._write(run)

    def write_nodes(self, runs: Sequence[NodeRun]) -> bool:
        """Record how several node runs of one execution stand; False where one had ended before.

        All that fit a transaction are written, or none of them.
        """
        return all(self._write_some(some) for some in batched(runs, MAX_TRANSACTION_WRITES))

    def finish_nodes(self, runs: Sequence[NodeRun]) -> None:
        """Record how several node runs of one execution ended; those that ended before are left alone."""
        for some in batched(runs, MAX_TRANSACTION_WRITES):
            if not self._write_some(some):
                # Some ended before, which is rare: a task that is run again.
                for run in some:
                    self.finish_node(run)

    def mark_idempotency(self, key: str, mark: IdempotencyMark, expires_at: datetime) -> IdempotencyMark:
        """Store the mark if ``key`` has none; the mark that stands now."""
        now = {":now": number(epoch_microseconds(self._clock.now()))}
        free = "attribute_not_exists(execution_id) OR expires_at_epoch_microseconds <= :now"
        try:
            self._table.put(mark_item(key, mark, expires_at), free, ExpressionAttributeValues=now)
        except ConditionFailedError as failed:
            return mark_from(failed.stored)
        return mark

    def _write_some(self, runs: Sequence[NodeRun]) -> bool:
        """Write all or none; False where one had ended before."""
        if len(runs) == 1:
            return self._write(runs[0]) is None
        puts: list[Mapping[str, Item]] = [
            {
                "Put": {
                    "Item": run_item(run, self._expiry_of(run.execution_id)),
                    "ConditionExpression": OPEN,
                    "ExpressionAttributeValues": NOT_ENDED,
                }
            }
            for run in runs
        ]
        try:
            self._table.transact(puts)
        except TransactionRefusedError:
            return False
        return True

    def _write(self, run: NodeRun) -> NodeRun | None:
        item = run_item(run, self._expiry_of(run.execution_id))
        try:
            self._table.put(item, OPEN, ExpressionAttributeValues=NOT_ENDED)
        except ConditionFailedError as failed:
            return run_from(failed.stored)
        return None

    def _expiry_of(self, execution_id: str) -> datetime:
        return self._expires(execution_id)[0]

    def _retention_days_of(self, execution_id: str) -> int:
        return self._expires(execution_id)[1]

    def _expires(self, execution_id: str) -> tuple[datetime, int]:
        """When the execution expires, and how many days it is kept after its end."""
        known = self._kept.get(execution_id)
        if known is not None:
            return known
        item = self._table.get(execution_key(execution_id))
        if item is not None:
            return self._remember(execution_from(item))
        # There is none: then no longer than the longest that is kept without being asked to.
        longest = timedelta(seconds=MAX_TIMEOUT_SECONDS, days=DEFAULT_RETENTION_DAYS)
        return self._clock.now() + longest, DEFAULT_RETENTION_DAYS

    def _update(
        self,
        execution_id: str,
        change: str,
        condition: str,
        values: Item,
        names: dict[str, str] | None = None,
    ) -> bool:
        """Change the execution; False when the condition does not hold for it. NotFoundError."""
        more = {"ExpressionAttributeNames": names} if names else {}
        try:
            self._table.update(
                execution_key(execution_id), change, condition, ExpressionAttributeValues=values, **more
            )
        except ConditionFailedError as failed:
            self._execution(execution_id, failed.item)
            return False
        return True

    def _execution(self, execution_id: str, item: Item | None) -> Execution:
        if item is None or is_expired(item, self._clock.now()):
            raise NotFoundError("execution", execution_id)
        execution = execution_from(item)
        self._remember(execution)
        return execution

    def _remember(self, execution: Execution) -> tuple[datetime, int]:
        """When the execution expires, kept for the node runs that this process will write."""
        if len(self._kept) >= REMEMBERED_EXECUTIONS:
            self._kept.clear()
        kept = self._kept[execution.execution_id] = (execution.expires_at, execution.retention_days)
        return kept
