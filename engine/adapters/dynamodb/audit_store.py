"""Audit records in the access table.

::

    pk                   sk           holds
    AUDIT#2026-01-31#2   audit id     a record; four such partitions a day
    AUDIT#DAYS           2026-01-31   that there are records of this day, so that a list visits those alone

Records are put where nothing is, and expire. Nothing here changes or deletes one, and the functions' roles
allow no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from engine.access.audit import AuditFilter, AuditRecord
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, is_expired, packed, text, unpacked
from engine.adapters.dynamodb.newest_first import Budget, Partition, walk
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError
from engine.json_value import digest
from engine.ports import Clock, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# PCI DSS 4.0, 10.5.1, asks for twelve months
# (https://www.pcisecuritystandards.org/document_library/); one more for whoever is late.
RETENTION_DAYS = 400
# 1,000 writes a second each
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
DAY_SHARDS = 4
# Records that one query reads where a filter may drop most of them: about 200 KB.
FILTERED_RECORDS = 400
_DAYS = text("AUDIT#DAYS")


class DynamoAuditStore:
    """Keeps AuditStore's promises."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        self._clock = clock
        self._noted: set[str] = set()

    def append(self, record: AuditRecord) -> None:
        """Write a record; ConflictError if its id is another's. The same again does no harm."""
        day = f"{record.at:%Y-%m-%d}"
        expires_at = expiry(record.at + timedelta(days=RETENTION_DAYS))
        if day not in self._noted:
            self._table.put({"pk": _DAYS, "sk": text(day), EXPIRES_AT: expires_at})
            self._noted.add(day)
        shard = crc32(record.audit_id.encode()) % DAY_SHARDS
        item = {
            "pk": text(f"AUDIT#{day}#{shard}"),
            "sk": text(record.audit_id),
            "record": packed(dump_record(record)),
            EXPIRES_AT: expires_at,
        }
        try:
            self._table.put_once(item)
        except ConditionFailedError as failed:
            raise ConflictError(f"There is an audit record '{record.audit_id}' already.") from failed

    def list_records(self, wanted: AuditFilter, limit: int, cursor: str | None = None) -> Page[AuditRecord]:
        """Records, the newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        listing = f"audit:{digest(wanted.model_dump(mode='json'))[:12]}"
        position = decode_cursor(listing, cursor, parts=2)
        items, place = walk(self._sections(wanted, limit, position), limit, Budget())
        more = encode_cursor(listing, [place.section, place.below]) if place else None
        return Page(tuple(_record_from(item) for item in items), more)

    def _sections(
        self, wanted: AuditFilter, limit: int, position: list[str] | None
    ) -> Iterator[tuple[str, list[Partition]]]:
        for day in self._days(wanted):
            if position and day > position[0]:
                continue
            below = position[1] if position and day == position[0] and position[1] else None
            shards = [f"AUDIT#{day}#{shard}" for shard in range(DAY_SHARDS)]
            yield day, [Partition(self._reader(shard, wanted, limit), "sk", below) for shard in shards]

    def _days(self, wanted: AuditFilter) -> list[str]:
        """Days of which there are records that may be wanted, the last first."""
        noted = self._table.query_all(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": _DAYS}, ConsistentRead=True
        )
        first = f"{wanted.after:%Y-%m-%d}" if wanted.after else ""
        last = f"{wanted.before:%Y-%m-%d}" if wanted.before else "9999"
        return sorted((day for item in noted if first <= (day := item["sk"]["S"]) <= last), reverse=True)

    def _reader(
        self, partition: str, wanted: AuditFilter, limit: int
    ) -> Callable[[str | None], tuple[list[Item], str | None]]:
        reads_all = wanted == AuditFilter()

        def read(below: str | None) -> tuple[list[Item], str | None]:
            items, last = self._table.query(
                KeyConditionExpression="pk = :pk" + (" AND sk < :below" if below else ""),
                ExpressionAttributeValues={
                    ":pk": text(partition),
                    **({":below": text(below)} if below else {}),
                },
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit + 1 if reads_all else FILTERED_RECORDS,
            )
            now = self._clock.now()
            found = [
                item for item in items if not is_expired(item, now) and wanted.matches(_record_from(item))
            ]
            return found, last["sk"]["S"] if last else None

        return read


def _record_from(item: Item) -> AuditRecord:
    return load_record(AuditRecord, unpacked(item["record"]))
