"""Values by claim: small ones stand in their record, large ones in the blob store behind a claim."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from threading import Lock

from engine.errors import NodeError, NotFoundError
from engine.execution import Claim
from engine.json_value import JsonValue, dump_json
from engine.ports import BlobStore

# A DynamoDB item holds 400 KB (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)
# and is read and paid by 4 KB; 32 KiB inline keeps a batch of 100 records under its 16 MB.
MAX_INLINE_BYTES = 32 * 1024
# An executor with 1,024 MB can parse this much JSON, which grows about eightfold in Python.
MAX_VALUE_BYTES = 100 * 1024 * 1024
# What one process keeps of large values that it has read: items of one Map share them.
CACHED_BYTES = 128 * 1024 * 1024


# What serializes records and answers gives up at 255 levels (pydantic-core's recursion guard); the rest is
# what stands around a value there.
MAX_DEPTH = 200


class ValueStore:
    """Stores and loads JSON values, large ones through the blob store."""

    def __init__(self, blobs: BlobStore, max_inline_bytes: int = MAX_INLINE_BYTES) -> None:
        """``max_inline_bytes``: the longest JSON text, in UTF-8, that stays in a record."""
        self._blobs = blobs
        self._max_inline_bytes = max_inline_bytes
        self._cached: OrderedDict[str, tuple[int, JsonValue]] = OrderedDict()
        self._lock = Lock()

    def store(self, key: str, value: JsonValue, text: str | None = None) -> Claim | None:
        """None when the value is small enough for its record; else the claim under which it was stored.

        ``text`` is the JSON of the value where the caller has it already. NodeError when it is no JSON,
        or larger than MAX_VALUE_BYTES.
        """
        if text is None:
            text = to_json_text(value)
        data = text.encode("utf-8", "surrogatepass")
        if len(data) <= self._max_inline_bytes:
            return None
        if len(data) > MAX_VALUE_BYTES:
            raise NodeError(
                f"the result is {len(data):,} bytes of JSON, over the limit of {MAX_VALUE_BYTES:,}; "
                "store it as a file and pass its link"
            )
        self._blobs.put(key, data)
        return Claim(key=key, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self._blobs.info(key)
        except NotFoundError:
            return False
        return True

    def load(self, inline: JsonValue, claim: Claim | None) -> JsonValue:
        """The value, wherever it stands. Callers must not change what they get: it is kept and shared."""
        if claim is None:
            return inline
        with self._lock:
            if claim.sha256 in self._cached:
                self._cached.move_to_end(claim.sha256)
                return self._cached[claim.sha256][1]
        value = json.loads(self._blobs.get(claim.key).decode("utf-8", "surrogatepass"))
        with self._lock:
            self._cached[claim.sha256] = (claim.size_bytes, value)
            while sum(size for size, _ in self._cached.values()) > CACHED_BYTES and len(self._cached) > 1:
                self._cached.popitem(last=False)
        return value


def to_json_text(value: JsonValue) -> str:
    """Compact JSON; NodeError names what JSON cannot spell, and what is nested too deeply."""
    try:
        text = dump_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NodeError(f"the result is not JSON: {error}") from None
    if _is_deeper(value, MAX_DEPTH):
        raise NodeError(f"the result is nested deeper than {MAX_DEPTH} levels; flatten it")
    return text


def _is_deeper(value: JsonValue, levels: int) -> bool:
    """Whether lists and objects stand in each other deeper than that; the value has no cycles."""
    level = [value]
    for _ in range(levels):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list | tuple)
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, dict | list | tuple)
        ]
        if not level:
            return False
    return True
