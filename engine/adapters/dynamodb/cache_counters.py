"""Counters of the cache: for each node type eight items, of which each count picks one.

::

    cache_key      holds
    STATS          types: the node types that were ever counted
    STATS#llm#0    hits, misses; up to STATS#llm#7
"""

from __future__ import annotations

import itertools
from threading import Lock

from engine.adapters.dynamodb.attribute import Item, number, text
from engine.adapters.dynamodb.table import Table
from engine.ports import CacheCounts

# An item takes 1,000 writes per second
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
SHARDS = 8
_TYPES_KEY: Item = {"cache_key": text("STATS")}


class CacheCounters:
    """Hits and misses by node type."""

    def __init__(self, table: Table, first_shard: int) -> None:
        """``first_shard``: where this process starts going round; processes should differ."""
        self._table = table
        self._noted: set[str] = set()
        self._turns = itertools.count(first_shard)
        self._lock = Lock()

    def add(self, node_type: str, *, hit: bool) -> None:
        """Count one."""
        if node_type not in self._noted:
            self._table.update(
                _TYPES_KEY,
                "ADD #types :type",
                ExpressionAttributeNames={"#types": "types"},
                ExpressionAttributeValues={":type": {"SS": [node_type]}},
            )
            self._noted.add(node_type)
        with self._lock:
            shard = next(self._turns) % SHARDS
        self._table.update(
            _counter_key(node_type, shard),
            f"ADD {'hits' if hit else 'misses'} :one",
            ExpressionAttributeValues={":one": number(1)},
        )

    def read(self) -> dict[str, CacheCounts]:
        """The sums, by node type; types without any count are left out."""
        sums: dict[str, CacheCounts] = {}
        for item in self._table.batch_get(self._keys(None)):
            node_type = item["cache_key"]["S"].split("#")[1]
            so_far = sums.get(node_type, CacheCounts())
            hits, misses = (int(item.get(name, {"N": "0"})["N"]) for name in ("hits", "misses"))
            sums[node_type] = CacheCounts(so_far.hits + hits, so_far.misses + misses)
        return dict(sorted(sums.items()))

    def clear(self, node_type: str | None) -> None:
        """Back to nothing, for one node type or all."""
        self._table.batch_delete(self._keys(node_type))

    def _keys(self, node_type: str | None) -> list[Item]:
        if node_type is None:
            found = self._table.get(_TYPES_KEY) or {}
            types = found.get("types", {"SS": []})["SS"]
        else:
            types = [node_type]
        return [_counter_key(name, shard) for name in types for shard in range(SHARDS)]


def _counter_key(node_type: str, shard: int) -> Item:
    return {"cache_key": text(f"STATS#{node_type}#{shard}")}
