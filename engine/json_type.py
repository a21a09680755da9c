"""The types of JSON by name, as people and schemas call them."""

from __future__ import annotations

from typing import Final

from engine.json_value import JsonValue

# `integer` is a number without a fraction, as in JSON Schema.
JSON_TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "null")


def name_type(value: JsonValue) -> str:
    """The type of a value: null, boolean, number, string, array or object."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


def is_of_type(value: JsonValue, type_name: str) -> bool:
    """Whether a value is of a type of JSON_TYPES; true is no integer, and neither is 5.0."""
    if type_name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return name_type(value) == type_name


def add_article(type_name: str) -> str:
    """A type with its article: a string, an object, null."""
    if type_name == "null":
        return type_name
    return f"an {type_name}" if type_name[0] in "aio" else f"a {type_name}"


def describe_type(value: JsonValue) -> str:
    """The type of a value with its article."""
    return add_article(name_type(value))
