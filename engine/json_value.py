"""JSON as Python sees it, and its one canonical spelling."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeAlias

# A JSON value. Any stands for the recursion: pydantic, jmespath and boto3 all hand out plain Any.
JsonValue: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]


def dump_json(value: JsonValue) -> str:
    """The value as compact JSON text; refuses NaN and infinities with ValueError."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_json(value: JsonValue) -> str:
    """Compact JSON with sorted keys: equal values have equal text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def digest(value: JsonValue) -> str:
    """The SHA-256 of the canonical JSON, as 64 hexadecimal digits.

    Lone surrogates, which JSON can spell and UTF-8 cannot, are hashed by their code points.
    """
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
