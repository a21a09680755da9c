"""The cache in DynamoDB.

::

    cache_key     holds
    ENTRY#key     a result, or with ``holder`` an in-progress mark; node_type, expiry
    STATS...      counters (`cache_counters`)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from engine.adapters.dynamodb.attribute import (
    EXPIRES_AT,
    Item,
    epoch_microseconds,
    expiry,
    number,
    packed,
    text,
    unpacked,
)
from engine.adapters.dynamodb.cache_counters import CacheCounters
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.ports import CacheCounts, CacheEntry, Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoCacheStore:
    """Keeps CacheStore's promises on the table of the cache."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        self._counters = CacheCounters(self._table, first_shard=os.getpid())

    def get(self, key: str, now: datetime) -> CacheEntry | None:
        """A result or an in-progress mark that has not expired at ``now``."""
        item = self._table.get(_entry_key(key))
        entry = _entry_from(item) if item is not None else None
        return entry if entry is not None and entry.expires_at > now else None

    def acquire(self, entry: CacheEntry, now: datetime) -> CacheEntry | None:
        """Set an in-progress mark; None when set, else the entry that stands."""
        if entry.holder is None:
            raise ValueError(f"the in-progress mark of '{entry.key}' names no holder")
        free = "attribute_not_exists(cache_key) OR expires_at_epoch_microseconds <= :now OR holder = :holder"
        values = {":now": number(epoch_microseconds(now)), ":holder": text(entry.holder)}
        try:
            self._table.put(_entry_item(entry), free, ExpressionAttributeValues=values)
        except ConditionFailedError as failed:
            return _entry_from(failed.stored)
        return None

    def put(self, entry: CacheEntry, now: datetime) -> None:
        """Store a result, over any mark."""
        if entry.holder is not None:
            raise ValueError(f"the result of '{entry.key}' names a holder")
        self._table.put(_entry_item(entry))

    def release(self, key: str, holder: str) -> None:
        """Take away the mark of ``holder``, if it still stands."""
        try:
            self._table.delete(
                _entry_key(key), "holder = :holder", ExpressionAttributeValues={":holder": text(holder)}
            )
        except ConditionFailedError:
            return

    def count(self, node_type: str, *, hit: bool) -> None:
        """Count a hit or a miss."""
        self._counters.add(node_type, hit=hit)

    def counts(self) -> Mapping[str, CacheCounts]:
        """Hits and misses by node type, since the counters were last cleared."""
        return self._counters.read()

    def clear(self, node_type: str | None = None) -> int:
        """Forget results (of one node type) and their counters; how many results were forgotten.

        Reads the whole table, as a rare act of an operator may; an index for it would be paid on every write.
        """
        wanted = "attribute_exists(node_type) AND attribute_not_exists(holder)"
        values: Item = {}
        if node_type is not None:
            wanted = "node_type = :type AND attribute_not_exists(holder)"
            values = {"ExpressionAttributeValues": {":type": text(node_type)}}
        found = self._table.scan_all(FilterExpression=wanted, ProjectionExpression="cache_key", **values)
        keys = list(found)
        self._table.batch_delete(keys)
        self._counters.clear(node_type)
        return len(keys)


def _entry_key(key: str) -> Item:
    return {"cache_key": text(f"ENTRY#{key}")}


def _entry_item(entry: CacheEntry) -> Item:
    return {
        **_entry_key(entry.key),
        "node_type": text(entry.node_type),
        "record": packed(dump_record(entry)),
        "expires_at_epoch_microseconds": number(epoch_microseconds(entry.expires_at)),
        EXPIRES_AT: expiry(entry.expires_at),
        **({"holder": text(entry.holder)} if entry.holder is not None else {}),
    }


def _entry_from(item: Item) -> CacheEntry:
    return load_record(CacheEntry, unpacked(item["record"]))
