"""Reading JSON that others wrote: strictly, and into what can be stored as UTF-8."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from engine.json_value import JsonValue

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_json_text(text: str) -> JsonValue:
    """The value of a JSON text; ValueError for NaN, infinities, nesting beyond Python's and any other text.

    A lone surrogate, which JSON can spell and UTF-8 cannot, becomes U+FFFD.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        return _replace_surrogates(value) if _SURROGATE.search(text) else value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def _replace_surrogates(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_replace_surrogates(name): _replace_surrogates(item) for name, item in value.items()}
    return value
