"""Executions and node runs as items.

::

    execution_id  sk                 holds
    ex_...        META               the execution; workflow_id and day_shard put it into the indexes
    ex_...        NODE#id            a node run
    ex_...        ITEM#id#00000012   the node run of an item: apart, so that a list of nodes reads none
    ex_...        WAKE#, CHILD#, …   see `execution_links`
    IDEM#digest   MARK               who answered for an Idempotency-Key
    DAYS          2026-01            the days of a month on which executions started

Index ``by_workflow``: workflow_id, execution_id. Index ``by_day``: day_shard (``2026-01-31#0`` to ``#3``),
execution_id. Both need of META only ``status`` and ``started_at_epoch_microseconds``. Index ``by_due``:
due_shard, due_at_epoch_seconds, which META has only while the execution runs.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from zlib import crc32

from engine.adapters.dynamodb.attribute import (
    EXPIRES_AT,
    Attribute,
    Item,
    epoch_microseconds,
    expiry,
    number,
    packed,
    text,
    unpacked,
)
from engine.adapters.record import as_fields, dump_record, dump_value, from_fields, load_record
from engine.execution import Execution, NodeRun
from engine.json_value import JsonObject
from engine.ports import IdempotencyMark

# Starts of one day are spread over 4 partitions: 4,000 writes per second
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
DAY_SHARDS = 4
# What is due is spread likewise.
DUE_SHARDS = tuple(f"DUE#{shard}" for shard in range(DAY_SHARDS))
# What META has only while the execution runs.
DUE_ATTRIBUTES = ("due_shard", "due_at_epoch_seconds")
# What is written when an execution ends, in an attribute of its own: nothing must be read for it.
END_FIELDS = ("status", "ended_at", "output", "output_claim", "error", "cost")


def execution_key(execution_id: str) -> Item:
    """The key of an execution."""
    return {"execution_id": text(execution_id), "sk": text("META")}


def day_of(at: datetime) -> str:
    """The day of a time, in UTC."""
    return at.strftime("%Y-%m-%d")


def execution_item(execution: Execution, expires_at: datetime) -> Item:
    """An execution as an item."""
    fields = as_fields(execution)
    end = {name: fields.pop(name) for name in END_FIELDS if name in fields}
    arn = fields.pop("execution_arn", None)
    shard = crc32(execution.execution_id.encode()) % DAY_SHARDS
    return {
        **execution_key(execution.execution_id),
        "workflow_id": text(execution.workflow_id),
        "day_shard": text(f"{day_of(execution.started_at)}#{shard}"),
        "status": text(execution.status),
        "started_at_epoch_microseconds": number(epoch_microseconds(execution.started_at)),
        "record": packed(dump_value(fields)),
        EXPIRES_AT: expiry(expires_at),
        **({} if execution.status.ended else _due(execution, shard)),
        **({"execution_arn": text(arn)} if arn is not None else {}),
        **({"end": end_attribute(end)} if end else {}),
    }


def _due(execution: Execution, shard: int) -> Item:
    return dict(zip(DUE_ATTRIBUTES, (text(DUE_SHARDS[shard]), expiry(execution.due_at)), strict=True))


def end_attribute(fields: JsonObject) -> Attribute:
    """How an execution ended, as an attribute; ``fields`` are END_FIELDS."""
    return packed(dump_value(fields))


def execution_from(item: Item) -> Execution:
    """The execution in an item."""
    fields = json.loads(unpacked(item["record"]))
    if "execution_arn" in item:
        fields["execution_arn"] = item["execution_arn"]["S"]
    if "end" in item:
        fields |= json.loads(unpacked(item["end"]))
    return from_fields(Execution, fields)


def run_key(execution_id: str, node_id: str, item: int | None) -> Item:
    """The key of a node run."""
    sk = f"NODE#{node_id}" if item is None else f"ITEM#{node_id}#{item:08d}"
    return {"execution_id": text(execution_id), "sk": text(sk)}


def run_item(run: NodeRun, expires_at: datetime) -> Item:
    """A node run as an item."""
    return {
        **run_key(run.execution_id, run.node_id, run.item),
        "ended": {"BOOL": run.status.ended},
        "record": packed(dump_record(run)),
        EXPIRES_AT: expiry(expires_at),
    }


def run_from(item: Item) -> NodeRun:
    """The node run in an item."""
    return load_record(NodeRun, unpacked(item["record"]))


def mark_item(key: str, mark: IdempotencyMark, expires_at: datetime) -> Item:
    """An idempotency mark as an item; its key is hashed, since callers may put anything into it."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "execution_id": text(f"IDEM#{digest}"),
        "sk": text("MARK"),
        "record": text(dump_record(mark)),
        "expires_at_epoch_microseconds": number(epoch_microseconds(expires_at)),
        EXPIRES_AT: expiry(expires_at),
    }


def mark_from(item: Item) -> IdempotencyMark:
    """The mark in an item."""
    return load_record(IdempotencyMark, item["record"]["S"])
