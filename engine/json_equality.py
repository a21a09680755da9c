"""Equality as JSON has it: 1 equals 1.0, and 1 is not true."""

from __future__ import annotations

from collections.abc import Callable

from engine.json_value import JsonValue


def _free(steps: int) -> None:
    del steps


def equal_json(left: JsonValue, right: JsonValue, spend: Callable[[int], None] = _free) -> bool:
    """Whether two JSON values are the same, without recursion.

    ``spend`` is told the steps as they are taken (one for each pair of values and each 100 characters), and
    may raise to end a comparison that takes too long.
    """
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        spend(1)
        if isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            spend(len(one))
            waiting.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            waiting.extend(zip(one, other, strict=True))
        elif isinstance(one, str) and isinstance(other, str):
            if len(one) == len(other):
                spend(len(one) // 100)
            if one != other:
                return False
        elif one != other:
            return False
    return True
