"""The lists of executions: of one workflow, or of all, walked back day by day.

Which days have executions at all is written down (items ``DAYS``), so the walk visits those and no others. It
stops at the oldest of them: the items expire with the last execution of their month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

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
from engine.adapters.dynamodb.execution_item import DAY_SHARDS, day_of, execution_from, execution_key
from engine.adapters.dynamodb.newest_first import Budget, Partition, walk
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.execution_filter import listing_of, matches
from engine.execution import Execution
from engine.ports import Clock, ExecutionFilter, Page

# Keys that one query looks at when a filter may drop most of them: 1 MB of index is the service's own bound.
FILTERED_KEYS = 1_000


class ExecutionList:
    """Lists executions, newest first, from the indexes; each is then read from the table as it is now."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._noted: dict[str, timedelta] = {}

    def note_day(self, at: datetime, expires_at: datetime) -> None:
        """Write down that executions start on this day.

        Once in the life of a process, and again for one that is kept for longer.
        """
        day, kept_for = day_of(at), expires_at - at
        if kept_for <= self._noted.get(day, timedelta()):
            return
        # One that starts on the month's last day and is kept as long expires no later than this.
        until = {":at": expiry(at + timedelta(days=31) + kept_for)}
        later = f"attribute_not_exists({EXPIRES_AT}) OR {EXPIRES_AT} < :at"
        try:
            self._add_day(day, f" SET {EXPIRES_AT} = :at", later, until)
        except ConditionFailedError:
            self._add_day(day, "", None, {})
        self._noted[day] = kept_for

    def _add_day(self, day: str, more: str, condition: str | None, values: Item) -> None:
        self._table.update(
            {"execution_id": text("DAYS"), "sk": text(day[:7])},
            f"ADD #days :days{more}",
            condition,
            ExpressionAttributeNames={"#days": "days"},
            ExpressionAttributeValues={":days": {"SS": [day]}, **values},
        )

    def page(self, wanted: ExecutionFilter, limit: int, cursor: str | None) -> Page[Execution]:
        """One page; RequestError on a cursor that is not ours."""
        check_limit(limit)
        listing = listing_of(wanted)
        position = decode_cursor(listing, cursor, parts=2)
        if wanted.workflow_id is not None:
            sections = self._of_workflow(wanted.workflow_id, wanted, limit, position)
        else:
            sections = self._of_days(wanted, limit, position)
        items, place = walk(sections, limit, Budget())
        keys = [item["execution_id"]["S"] for item in items]
        more = encode_cursor(listing, [place.section, place.below]) if place else None
        return Page(tuple(self._read(keys, wanted)), more)

    def _read(self, execution_ids: Sequence[str], wanted: ExecutionFilter) -> Iterator[Execution]:
        found = self._table.batch_get([execution_key(execution_id) for execution_id in execution_ids])
        items = {item["execution_id"]["S"]: item for item in found}
        now = self._clock.now()
        for execution_id in execution_ids:
            item = items.get(execution_id)
            if item is not None and not is_expired(item, now):
                execution = execution_from(item)
                # The index may be behind the table.
                if matches(execution, wanted):
                    yield execution

    def _of_workflow(
        self, workflow_id: str, wanted: ExecutionFilter, limit: int, position: list[str] | None
    ) -> Iterator[tuple[str, list[Partition]]]:
        read = self._reader("by_workflow", "workflow_id", workflow_id, wanted, limit)
        yield "", [Partition(read, "execution_id", position[1] if position else None)]

    def _of_days(
        self, wanted: ExecutionFilter, limit: int, position: list[str] | None
    ) -> Iterator[tuple[str, list[Partition]]]:
        for day in self._days(wanted):
            if position and day > position[0]:
                continue
            below = position[1] if position and day == position[0] and position[1] else None
            shards = [f"{day}#{shard}" for shard in range(DAY_SHARDS)]
            reads = [self._reader("by_day", "day_shard", shard, wanted, limit) for shard in shards]
            yield day, [Partition(read, "execution_id", below) for read in reads]

    def _days(self, wanted: ExecutionFilter) -> list[str]:
        """Days on which executions started that may be wanted and are kept, the last first."""
        months = self._table.query_all(
            KeyConditionExpression="execution_id = :days",
            ExpressionAttributeValues={":days": text("DAYS")},
            ConsistentRead=True,
        )
        days = sorted((day for month in months for day in month["days"]["SS"]), reverse=True)
        first = day_of(wanted.started_after) if wanted.started_after else ""
        last = day_of(wanted.started_before) if wanted.started_before else "9999"
        return [day for day in days if first <= day <= last]

    def _reader(
        self, index: str, key: str, partition: str, wanted: ExecutionFilter, limit: int
    ) -> Callable[[str | None], tuple[list[Item], str | None]]:
        conditions, names, values = _filter(wanted)
        request: dict[str, Any] = {"Limit": limit + 1}
        if conditions:
            request = {"Limit": FILTERED_KEYS, "FilterExpression": " AND ".join(conditions)}
        if names:
            request["ExpressionAttributeNames"] = names

        def read(below: str | None) -> tuple[list[Item], str | None]:
            items, last = self._table.query(
                IndexName=index,
                KeyConditionExpression=f"{key} = :key" + (" AND execution_id < :below" if below else ""),
                ExpressionAttributeValues={
                    ":key": text(partition),
                    **({":below": text(below)} if below else {}),
                    **values,
                },
                ProjectionExpression="execution_id",
                ScanIndexForward=False,
                **request,
            )
            return items, last["execution_id"]["S"] if last else None

        return read


def _filter(wanted: ExecutionFilter) -> tuple[list[str], dict[str, str], Item]:
    conditions: list[str] = []
    names: dict[str, str] = {}
    values: Item = {}
    if wanted.status is not None:
        conditions.append("#status = :status")
        names, values[":status"] = {"#status": "status"}, text(wanted.status)
    if wanted.started_after is not None:
        conditions.append("started_at_epoch_microseconds >= :after")
        values[":after"] = number(epoch_microseconds(wanted.started_after))
    if wanted.started_before is not None:
        conditions.append("started_at_epoch_microseconds < :before")
        values[":before"] = number(epoch_microseconds(wanted.started_before))
    return conditions, names, values
