"""Dotted paths into objects (`author.name`), read and written without changing the original."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import StringConstraints

from engine.json_type import describe_type
from engine.json_value import JsonObject, JsonValue
from engine.node import MISSING
from engine.wording import Wording
from nodes.base import NodeError

# Names with dots between them; a name with a dot in it cannot be reached.
PATH_PATTERN = r"^[^.]{1,200}(\.[^.]{1,200}){0,19}$"
FieldPath: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=PATH_PATTERN),
    Wording("must be names with dots between them such as author.name, 20 names at most"),
]


def read_path(value: JsonObject, path: str) -> JsonValue:
    """What lies at the path, or MISSING."""
    found: JsonValue = value
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return MISSING
        found = found[name]
    return found


def write_path(value: JsonObject, path: str, new: JsonValue, field: str) -> JsonObject:
    """A copy with ``new`` at the path; objects on the way are made.

    NodeError, in the ``field`` of the config that asks for it, when something else is in the way.
    """
    name, _, rest = path.partition(".")
    if not rest:
        return {**value, name: new}
    inner = value.get(name)
    if inner is not None and not isinstance(inner, dict):
        raise NodeError(
            f"{field}: cannot set '{path}': '{name}' is {describe_type(inner)}, not an object", field=field
        )
    return {**value, name: write_path(inner or {}, rest, new, field)}


def drop_path(value: JsonObject, path: str) -> JsonObject:
    """A copy without what lies at the path; the same where nothing does."""
    name, _, rest = path.partition(".")
    if name not in value:
        return value
    if not rest:
        return {key: element for key, element in value.items() if key != name}
    inner = value[name]
    return {**value, name: drop_path(inner, rest)} if isinstance(inner, dict) else value
