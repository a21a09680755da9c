"""Attributes of an item, as DynamoDB's wire spells them.

Records lie in one attribute as JSON text, compressed when that pays: reads and writes are paid by size
(4 KB and 1 KB, https://aws.amazon.com/dynamodb/pricing/on-demand/), and numbers stay exact.
"""

from __future__ import annotations

import gzip
from datetime import datetime
from math import ceil
from typing import Any, TypeAlias

Attribute: TypeAlias = Any
Item: TypeAlias = dict[str, Any]

# Below this the text can be read in the console, and compressing it would hardly save a unit.
MIN_COMPRESSED_BYTES = 2_048
# Quick, and on JSON close to the best: 32 KiB take 0.3 ms.
COMPRESSION_LEVEL = 3
# An item holds 400 KB with its keys and names
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
MAX_RECORD_BYTES = 390_000
EXPIRES_AT = "expires_at_epoch_seconds"


def text(value: str) -> Attribute:
    """A string."""
    return {"S": value}


def number(value: int) -> Attribute:
    """A whole number."""
    return {"N": str(value)}


def packed(record_text: str) -> Attribute:
    """A record's text; ValueError when it is too large for an item even when compressed."""
    data = record_text.encode()
    if len(data) < MIN_COMPRESSED_BYTES:
        return text(record_text)
    small = compressed(data)
    if len(small) > MAX_RECORD_BYTES:
        raise ValueError(
            f"a record of {len(small):,} bytes, compressed, is over the {MAX_RECORD_BYTES:,} that an item "
            "holds: its large values belong behind a claim"
        )
    return {"B": small}


def unpacked(attribute: Attribute) -> str:
    """The text of a record."""
    if "S" in attribute:
        return str(attribute["S"])
    return gzip.decompress(attribute["B"]).decode()


def compressed(data: bytes) -> bytes:
    """The data under gzip, the same bytes for the same data."""
    return gzip.compress(data, COMPRESSION_LEVEL, mtime=0)


def expiry(at: datetime) -> Attribute:
    """What DynamoDB's time to live reads: never before ``at``."""
    return number(ceil(at.timestamp()))


def is_expired(item: Item, now: datetime) -> bool:
    """Whether the item's time is over: DynamoDB deletes it within days of that, not at once."""
    return EXPIRES_AT in item and int(item[EXPIRES_AT]["N"]) <= now.timestamp()


def epoch_microseconds(at: datetime) -> int:
    """A time as a whole number that sorts and compares exactly."""
    return round(at.timestamp() * 1_000_000)
