"""Typed comparisons: each operator says which types it takes, and nothing is converted.

A comparison of types that it does not take raises OperandError with both types and the cure, so that a
number that came as text fails loudly instead of comparing false. null equals null alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from engine.json_equality import equal_json
from engine.json_type import JSON_TYPES, describe_type, is_of_type, name_type
from engine.json_value import JsonValue
from engine.moment import parse_moment
from engine.pattern import PatternError, search_pattern

OperatorName: TypeAlias = Literal[
    "equals",
    "not_equals",
    "greater",
    "greater_or_equal",
    "less",
    "less_or_equal",
    "between",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "in",
    "not_in",
    "exists",
    "not_exists",
    "empty",
    "not_empty",
    "is_true",
    "is_false",
    "type_is",
    "length_equals",
    "length_greater",
    "length_less",
    "before",
    "after",
]
# What asks whether there is something: the operand may be missing, and counts as null.
PRESENCE_OPERATORS: Final = frozenset({"exists", "not_exists", "empty", "not_empty"})
# Operators that look at the left operand alone.
UNARY_OPERATORS: Final = PRESENCE_OPERATORS | {"is_true", "is_false"}

Test: TypeAlias = Callable[[JsonValue, JsonValue], bool]


class OperandError(ValueError):
    """An operand that the operator does not take; ``side`` is left or right."""

    def __init__(self, message: str, side: Literal["left", "right"] = "left") -> None:
        self.side: Literal["left", "right"] = side
        super().__init__(message)


def compare(left: JsonValue, operator: str, right: JsonValue = None, *, ignore_case: bool = False) -> bool:
    """What the operator says of its operands; OperandError when it does not take them.

    ``ignore_case`` makes texts, also those inside lists, equal whatever their case.
    """
    if ignore_case and operator != "matches":
        left, right = _fold(left), _fold(right)
    if operator == "matches":
        return _matches(left, right, ignore_case)
    return _TESTS[operator](left, right)


def _fold(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, list):
        return [element.casefold() if isinstance(element, str) else element for element in value]
    return value


def _refuse(wanted: str, value: JsonValue, side: Literal["left", "right"], cure: str = "") -> OperandError:
    return OperandError(f"takes {wanted} on the {side}, and was given {describe_type(value)}{cure}", side)


def _equals(left: JsonValue, right: JsonValue) -> bool:
    if left is not None and right is not None and name_type(left) != name_type(right):
        raise OperandError(
            f"compares {describe_type(left)} with {describe_type(right)}, which are never equal; "
            "convert one, with to_number(…) or to_string(…)",
            "right",
        )
    return equal_json(left, right)


def _number(value: JsonValue, side: Literal["left", "right"]) -> float:
    if name_type(value) != "number":
        cure = "; convert it with to_number(…), or compare dates with before and after"
        raise _refuse("a number", value, side, cure if isinstance(value, str) else "")
    number: float = value
    return number


def _text(value: JsonValue, side: Literal["left", "right"]) -> str:
    if not isinstance(value, str):
        raise _refuse("a string", value, side, "" if value is None else "; convert it with to_string(…)")
    return value


def _between(left: JsonValue, right: JsonValue) -> bool:
    if not isinstance(right, list) or len(right) != 2:
        raise OperandError("takes a list of two numbers on the right, the lowest and the highest", "right")
    return _number(right[0], "right") <= _number(left, "left") <= _number(right[1], "right")


def _contains(left: JsonValue, right: JsonValue) -> bool:
    if isinstance(left, str):
        return _text(right, "right") in left
    if isinstance(left, list):
        return any(equal_json(element, right) for element in left)
    if isinstance(left, dict):
        return _text(right, "right") in left
    raise _refuse("a string, an array or an object", left, "left")


def _in(left: JsonValue, right: JsonValue) -> bool:
    if not isinstance(right, list):
        raise _refuse("an array", right, "right")
    return any(equal_json(left, element) for element in right)


def _matches(left: JsonValue, right: JsonValue, ignore_case: bool) -> bool:
    pattern = _text(right, "right")
    try:
        return search_pattern(pattern, _text(left, "left"), ignore_case=ignore_case)
    except PatternError as error:
        raise OperandError(str(error), "right") from None


def _empty(left: JsonValue, right: JsonValue) -> bool:
    del right
    if left is None or isinstance(left, str | list | dict):
        return not left
    raise _refuse("a string, an array, an object or null", left, "left")


def _true(left: JsonValue, right: JsonValue) -> bool:
    del right
    if not isinstance(left, bool):
        raise _refuse("a boolean", left, "left", "; compare it with equals instead")
    return left


def _type_is(left: JsonValue, right: JsonValue) -> bool:
    if right not in JSON_TYPES:
        raise OperandError(f"takes one of {', '.join(JSON_TYPES)} on the right", "right")
    return is_of_type(left, right)


def _length(left: JsonValue, right: JsonValue) -> tuple[int, float]:
    if not isinstance(left, str | list | dict):
        raise _refuse("a string, an array or an object", left, "left")
    return len(left), _number(right, "right")


def _moment(value: JsonValue, side: Literal["left", "right"]) -> datetime:
    try:
        return parse_moment(_text(value, side))
    except ValueError as error:
        raise (
            error if isinstance(error, OperandError) else OperandError(f"cannot compare: {error}", side)
        ) from None


def _not(test: Test) -> Test:
    return lambda left, right: not test(left, right)


_TESTS: Final[Mapping[str, Test]] = MappingProxyType(
    {
        "equals": _equals,
        "not_equals": _not(_equals),
        "greater": lambda left, right: _number(left, "left") > _number(right, "right"),
        "greater_or_equal": lambda left, right: _number(left, "left") >= _number(right, "right"),
        "less": lambda left, right: _number(left, "left") < _number(right, "right"),
        "less_or_equal": lambda left, right: _number(left, "left") <= _number(right, "right"),
        "between": _between,
        "contains": _contains,
        "not_contains": _not(_contains),
        "starts_with": lambda left, right: _text(left, "left").startswith(_text(right, "right")),
        "ends_with": lambda left, right: _text(left, "left").endswith(_text(right, "right")),
        "in": _in,
        "not_in": _not(_in),
        "exists": lambda left, _: left is not None,
        "not_exists": lambda left, _: left is None,
        "empty": _empty,
        "not_empty": _not(_empty),
        "is_true": _true,
        "is_false": _not(_true),
        "type_is": _type_is,
        "length_equals": lambda left, right: (pair := _length(left, right))[0] == pair[1],
        "length_greater": lambda left, right: (pair := _length(left, right))[0] > pair[1],
        "length_less": lambda left, right: (pair := _length(left, right))[0] < pair[1],
        "before": lambda left, right: _moment(left, "left") < _moment(right, "right"),
        "after": lambda left, right: _moment(left, "left") > _moment(right, "right"),
    }
)
