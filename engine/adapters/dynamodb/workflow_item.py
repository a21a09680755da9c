"""Workflows as items.

::

    workflow_id  sk                 holds
    wf_...       META               the head; list_shard puts it into the index ``list``
    wf_...       V#00000012         a version: its record, compressed, or the first part of it
    wf_...       PART#00000012#01   more of that record, where one item does not hold it
    wf_...       PROFILE            how long its nodes took (`duration_store`)

A version is written in one transaction, so all parts are there or none.
"""

from __future__ import annotations

import gzip
from zlib import crc32

from engine.adapters.dynamodb.attribute import Item, compressed, number, text
from engine.adapters.dynamodb.batch import batched
from engine.adapters.record import dump_record, load_record
from engine.errors import RequestError
from engine.ports import WorkflowHead, WorkflowVersion

# Heads are spread over the partitions of the list, which one list reads all: 8 of them take
# 8,000 writes per second (1,000 each:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
LIST_SHARDS = 8
# An item holds 400 KB, a transaction 4 MB
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
MAX_PART_BYTES = 380_000
MAX_PARTS = 10


def list_shard(shard: int) -> str:
    """The name of a partition of the list."""
    return f"W#{shard}"


def head_key(workflow_id: str) -> Item:
    """The key of a head."""
    return {"workflow_id": text(workflow_id), "sk": text("META")}


def version_key(workflow_id: str, version: int) -> Item:
    """The key of a version."""
    return {"workflow_id": text(workflow_id), "sk": text(f"V#{version:08d}")}


def part_key(workflow_id: str, version: int, part: int) -> Item:
    """The key of a further part of a version."""
    return {"workflow_id": text(workflow_id), "sk": text(f"PART#{version:08d}#{part:02d}")}


def head_item(head: WorkflowHead) -> Item:
    """A head as an item."""
    shard = crc32(head.workflow_id.encode()) % LIST_SHARDS
    return {
        **head_key(head.workflow_id),
        "list_shard": text(list_shard(shard)),
        "revision": number(head.revision),
        "record": text(dump_record(head)),
    }


def head_from(item: Item) -> WorkflowHead:
    """The head in an item."""
    return load_record(WorkflowHead, item["record"]["S"])


def version_items(version: WorkflowVersion) -> list[Item]:
    """A version as one item or several; RequestError when it is too large for a transaction."""
    data = compressed(dump_record(version).encode())
    parts = list(batched(data, MAX_PART_BYTES))
    if len(parts) > MAX_PARTS:
        raise RequestError(
            f"The workflow is {len(data):,} bytes, compressed, over the {MAX_PARTS * MAX_PART_BYTES:,} that "
            "are kept: move large values out of its configs, into inputs or files.",
            field="nodes",
        )
    name, number_of = version.workflow_id, version.version
    first = {**version_key(name, number_of), "record": {"B": parts[0]}, "parts": number(len(parts))}
    return [
        first,
        *({**part_key(name, number_of, n), "record": {"B": part}} for n, part in enumerate(parts[1:], 1)),
    ]


def part_keys(item: Item) -> list[Item]:
    """The keys of the parts that follow a version's item."""
    workflow_id, version = item["workflow_id"]["S"], int(item["sk"]["S"].removeprefix("V#"))
    return [part_key(workflow_id, version, part) for part in range(1, int(item["parts"]["N"]))]


def version_from(items: list[Item]) -> WorkflowVersion:
    """The version in its item and the parts that follow, in order."""
    data = b"".join(item["record"]["B"] for item in items)
    return load_record(WorkflowVersion, gzip.decompress(data).decode())
