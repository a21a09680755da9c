"""JSON as strangers send it: read strictly, and what is wrong with it told in words."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from engine.json_value import JsonObject, JsonValue

# Deeper than what people write, and far from Python's limit of recursion.
MAX_DEPTH = 64
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(data: bytes, *, unique_keys: bool = False) -> JsonValue:
    """The value; ValueError says what is wrong: no JSON, NaN, too deep, too large, no text in Unicode.

    With ``unique_keys`` also a key that stands twice in one object: which value is meant nobody knows.
    """
    try:
        pairs = _unique_pairs if unique_keys else None
        value = json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not text in {error.encoding.upper()} at byte {error.start}") from None
    except ValueError as error:
        # Python's own message on long numbers tells how to make it read them.
        if "set_int_max_str_digits" in str(error):
            raise ValueError("a number in it is too long") from None
        raise
    _check(value)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key '{key[:100]}' stands twice in one object")
            seen.add(key)
    return result


def _check(value: JsonValue) -> None:
    """Refuse what is too deep, and what JSON or UTF-8 cannot spell again; without recursion."""
    stack: list[tuple[JsonValue, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, dict):
            stack.extend((part, depth + 1) for part in item.values())
            stack.extend((key, depth) for key in item)
        elif isinstance(item, list):
            stack.extend((part, depth + 1) for part in item)
        elif isinstance(item, str) and _SURROGATE.search(item):
            raise ValueError("it has a lone surrogate (\\ud800 to \\udfff), which is no character")
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("a number in it is larger than 64 bits of floating point can tell")
