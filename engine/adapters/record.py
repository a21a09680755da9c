"""Records as JSON text: how every store here keeps what it is given.

Text, not a database's own maps: numbers come back exactly as they went in. The in-memory adapters keep
text too, so that they refuse what a table would refuse and never share a dict with their caller.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from engine.json_value import JsonObject, JsonValue
from engine.ports import WorkflowVersion

T = TypeVar("T")


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(record_type: type) -> TypeAdapter[Any]:
    # Made on first use: a TypeAdapter takes milliseconds, which a cold start does not have.
    if record_type not in _adapters:
        _adapters[record_type] = TypeAdapter(record_type)
    return _adapters[record_type]


def _spell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def dump_value(value: JsonValue) -> str:
    """A JSON value as compact text that UTF-8 can carry; ValueError for NaN, TypeError for what is no JSON.

    A lone surrogate, which JSON can spell and UTF-8 cannot, stays an escape.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_spell)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_spell)
    return text


def as_fields(record: object) -> JsonObject:
    """The fields of a record that are not at their default; times are left to ``dump_value``."""
    fields: JsonObject = _adapter(type(record)).dump_python(record, exclude_defaults=True)
    if isinstance(record, WorkflowVersion):
        fields["workflow"] = record.workflow.as_document()
    return fields


def from_fields(record_type: type[T], fields: JsonObject) -> T:
    """The record that has these fields."""
    record: T = _adapter(record_type).validate_python(fields)
    return record


def dump_record(record: object) -> str:
    """A record as JSON text."""
    return dump_value(as_fields(record))


def load_record(record_type: type[T], text: str) -> T:
    """The record that ``dump_record`` wrote."""
    fields: Any = json.loads(text)
    return from_fields(record_type, fields)
