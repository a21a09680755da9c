"""What pydantic finds, in the words of a document: types as JSON calls them, and what would do.

Its own messages speak of dictionaries and instances, and show a regular expression where a text has not the
form that is asked for. A field whose form takes words to tell has a `Wording`; the rest is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from engine.json_type import describe_type
from engine.json_value import JsonValue

_ABSENT: Any = object()


@dataclass(frozen=True)
class Wording:
    """Stands behind the constraints of a field, as ``Annotated[str, Field(pattern=…), Wording("…")]``.

    ``words`` are the message, whatever does not fit; the field's JSON Schema stays as it is.
    """

    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the field, with one error that says our words."""
        return core_schema.custom_error_schema(
            handler(source), custom_error_type="wording", custom_error_message=self.words
        )


def say(error: ErrorDetails) -> str:
    """The message of one error, without its place; nothing of the value but its type."""
    kind, told = error["type"], error.get("ctx", {})
    wanted = _WANTED.get(kind)
    if wanted is not None:
        return f"must be {wanted}{_instead(error, kind)}"
    write = _WRITTEN.get(kind)
    if write is not None:
        return write(told)
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = message.replace("Input should be ", "must be ").replace("String should have ", "must have ")
    return message[:1].lower() + message[1:]


def say_all(errors: Sequence[ErrorDetails]) -> str:
    """All of them in one line, each with its place."""
    told = (f"{'.'.join(map(str, error['loc']))}: {say(error)}" for error in errors)
    return "; ".join(text.removeprefix(": ") for text in told)


def _instead(error: ErrorDetails, kind: str) -> str:
    """What stands there instead, where its type says what is wrong."""
    given: JsonValue = error.get("input", _ABSENT)
    if kind not in _OF_TYPE or not isinstance(given, None | bool | int | float | str | list | tuple | dict):
        return ""
    found = describe_type(given)
    return "" if found.split()[-1] in _WANTED[kind] else f", not {found}"


_OBJECT, _LIST, _STRING, _WHOLE = "an object", "an array", "a string", "a whole number"
_NUMBER, _FLAG, _TIME = "a number", "true or false", "a time such as 2026-01-31T12:00:00Z"
_WANTED: Mapping[str, str] = {
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "mapping_type"), _OBJECT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), _LIST),
    **dict.fromkeys(("string_type", "string_sub_type", "string_unicode"), _STRING),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _FLAG),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"), _TIME
    ),
    "none_required": "null",
    "finite_number": "a finite number",
}
_OF_TYPE = frozenset(kind for kind in _WANTED if kind.endswith(("_type", "none_required")))
_WRITTEN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required; add it",
    "extra_forbidden": lambda _: "there is no such field; remove it",
    "greater_than": lambda told: f"must be more than {_plain(told['gt'])}",
    "greater_than_equal": lambda told: f"must be {_plain(told['ge'])} or more",
    "less_than": lambda told: f"must be less than {_plain(told['lt'])}",
    "less_than_equal": lambda told: f"must be {_plain(told['le'])} or less",
    "too_short": lambda told: f"must have at least {_count(told['min_length'], 'entry', 'entries')}",
    "too_long": lambda told: f"must have at most {_count(told['max_length'], 'entry', 'entries')}",
    "union_tag_not_found": lambda told: f"must have {told['discriminator']}, which says what kind it is",
    "union_tag_invalid": lambda told: (
        f"'{str(told['tag'])[:100]}' is no {str(told['discriminator']).strip(chr(39))}; "
        f"there is {told['expected_tags']}"
    ),
    "string_pattern_mismatch": lambda told: f"does not have the form of its schema ({told['pattern']})",
}


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _plain(bound: float) -> str:
    """A number as people write it: 9 and not 9.0."""
    return str(int(bound)) if isinstance(bound, float) and bound.is_integer() else str(bound)
