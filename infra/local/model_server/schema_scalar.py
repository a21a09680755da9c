"""Numbers and strings that keep a JSON Schema's bounds, formats and patterns."""

from __future__ import annotations

import math
import random
import re
from fractions import Fraction
from typing import Any

import rstr

from infra.local.model_server.seed import digest, pick_number

DEFAULT_SPAN = 100  # how far an open range reaches from its known end
PATTERN_TRIES = 50  # strings tried for a pattern together with length bounds
FILLER = " More of the same follows."

_FORMATS = {
    "date": "2025-01-{day:02d}",
    "date-time": "2025-01-{day:02d}T09:00:00Z",
    "time": "09:00:{day:02d}Z",
    "duration": "P{day}D",
    "email": "synthetic.{day}@example.com",
    "hostname": "synthetic-{day}.example.com",
    "ipv4": "192.0.2.{day}",
    "ipv6": "2001:db8::{day}",
    "uri": "https://example.com/synthetic/{day}",
    "uuid": "{hex8}-{hex4}-4{hex3}-8{hex3}-{hex12}",
}


def make_integer(schema: dict[str, Any], *seed: object) -> int:
    """A whole number within the schema's bounds, a multiple of ``multipleOf``."""
    return int(_pick_multiple(schema, Fraction(1), *seed))


def make_number(schema: dict[str, Any], *seed: object) -> float | int:
    """A number within the schema's bounds, in steps of ``multipleOf`` or of a hundredth of the range."""
    low, high = _find_range(schema)
    step = Fraction(1, 10) if high - low >= 1 else (high - low) / 100 or Fraction(1)
    value = _pick_multiple(schema, step, *seed)
    return int(value) if value.denominator == 1 else float(value)


def make_string(schema: dict[str, Any], free_text: str, *seed: object) -> str | None:
    """A string by pattern, by format, or ``free_text`` fitted to the length; None if none fits."""
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        return _match_pattern(schema["pattern"], least, most, *seed)
    if schema.get("format") in _FORMATS:
        key = digest(*seed)
        parts = {"hex8": key[:8], "hex4": key[8:12], "hex3": key[12:15], "hex12": key[15:27]}
        return _FORMATS[schema["format"]].format(day=1 + pick_number(28, *seed), **parts)
    while len(free_text) < least:
        free_text += FILLER
    if most is None or len(free_text) <= most:
        return free_text[: max(least, len(free_text))]
    return free_text[:most]


def _find_range(schema: dict[str, Any]) -> tuple[Fraction, Fraction]:
    """The closed range that the schema's bounds leave; exclusive bounds are stepped over by the caller."""
    lows = [Fraction(str(schema[key])) for key in ("minimum", "exclusiveMinimum") if key in schema]
    highs = [Fraction(str(schema[key])) for key in ("maximum", "exclusiveMaximum") if key in schema]
    low = max(lows) if lows else (min(highs) - DEFAULT_SPAN if highs and min(highs) <= 0 else Fraction(0))
    return low, min(highs) if highs else low + DEFAULT_SPAN


def _pick_multiple(schema: dict[str, Any], step: Fraction, *seed: object) -> Fraction:
    """A multiple of ``step`` (or of ``multipleOf``) inside the range; the nearest one when none is inside."""
    low, high = _find_range(schema)
    if "multipleOf" in schema:
        multiple = Fraction(str(schema["multipleOf"]))
        step = (
            multiple * step.denominator
            if schema.get("type") == "integer" and multiple.denominator > 1
            else multiple
        )
        if schema.get("type") == "integer":
            step = Fraction(multiple.numerator)
    first, last = math.ceil(low / step), math.floor(high / step)
    if "exclusiveMinimum" in schema and first * step <= Fraction(str(schema["exclusiveMinimum"])):
        first += 1
    if "exclusiveMaximum" in schema and last * step >= Fraction(str(schema["exclusiveMaximum"])):
        last -= 1
    return (first + pick_number(max(last - first + 1, 1), *seed)) * step


def _match_pattern(pattern: str, least: int, most: int | None, *seed: object) -> str | None:
    """A string in which ``pattern`` is found, within the length bounds; None when none was found."""
    source = rstr.Rstr(random.Random(digest(*seed)))  # noqa: S311 -- a repeatable choice, no secret
    for _ in range(PATTERN_TRIES):
        try:
            text = source.xeger(pattern)
        except (re.error, NotImplementedError, KeyError, IndexError):  # what rstr raises for syntax it lacks
            return None
        text = text[:most]
        if least <= len(text) and re.search(pattern, text):
            return text
    return None
