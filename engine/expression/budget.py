"""What the expressions of one config may spend together, and the sizes that are held against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from engine.expression.failure import EvaluationFailure
from engine.expression.limits import (
    CHARS_PER_STEP,
    MAX_RESOLVED_CHARS,
    MAX_STEPS,
    MAX_TEXT_CHARS,
    MAX_VALUE_DEPTH,
)
from engine.json_type import name_type
from engine.json_value import JsonObject, JsonValue, dump_json

# What a number, a boolean or a null is counted as, in characters of JSON.
_SCALAR_CHARS = 4


class Budget:
    """Steps and characters that are left; spending more raises EvaluationFailure."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._steps = self._steps_left = steps
        self._chars_left = MAX_RESOLVED_CHARS

    def spend(self, steps: int) -> None:
        """Take steps."""
        self._steps_left -= steps
        if self._steps_left < 0:
            raise EvaluationFailure(
                f"it takes more than {self._steps:,} steps; filter earlier, or split the work over nodes"
            )

    def spend_on(self, value: JsonValue) -> None:
        """Take the steps of touching a value once: its elements, and the length of its texts."""
        if isinstance(value, str):
            self.spend(1 + len(value) // CHARS_PER_STEP)
        elif isinstance(value, list):
            texts = sum(len(element) for element in value if isinstance(element, str))
            self.spend(1 + len(value) + texts // CHARS_PER_STEP)
        elif isinstance(value, dict):
            self.spend(1 + len(value))
        else:
            self.spend(1)

    def keep(self, value: JsonValue, *, built: bool = True) -> None:
        """Take the characters of a value that goes into the config.

        A ``built`` value may hold the same part a million times over, so that looking at it costs steps;
        what lies as it is in a result is as large as its JSON.
        """
        self._chars_left -= measure(value, self._chars_left, self.spend if built else None)

    def check_text(self, length: int) -> None:
        """Refuse a text of more than MAX_TEXT_CHARS, before it is made; take the steps of making it."""
        if length > MAX_TEXT_CHARS:
            raise EvaluationFailure(
                f"it makes a text of {length:,} characters, over the limit of {MAX_TEXT_CHARS:,}; "
                "pass large values whole, as a single expression"
            )
        self.spend(1 + length // CHARS_PER_STEP)


def measure(value: JsonValue, limit: int, spend: Callable[[int], None] | None = None) -> int:
    """The size of a value in characters of JSON, roughly; a part that is used twice counts twice.

    EvaluationFailure as soon as it is over ``limit``, deeper than MAX_VALUE_DEPTH, or no JSON.
    """
    size = 0
    waiting: list[tuple[Sequence[JsonValue] | JsonObject, int]] = [((value,), -1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_VALUE_DEPTH:
            raise EvaluationFailure(
                f"it makes a value deeper than {MAX_VALUE_DEPTH} levels; use a part of it"
            )
        size += 2
        if spend is not None:
            spend(2 + len(part) // 4)
        elements: Iterable[JsonValue] = part
        if isinstance(part, dict):
            size += sum(map(len, part)) + 4 * len(part)
            elements = part.values()
        for element in elements:
            if isinstance(element, str):
                size += len(element) + 3
            elif isinstance(element, list | dict):
                waiting.append((element, depth + 1))
            else:
                _check_scalar(element)
                size += _SCALAR_CHARS
        if size > limit:
            raise EvaluationFailure(
                f"it makes a value of more than {limit:,} characters; use a part of it, or split the work"
            )
    return size


def _check_scalar(value: JsonValue) -> None:
    if value is None or isinstance(value, bool | int):
        return
    if not isinstance(value, float):
        raise EvaluationFailure(f"it makes a {type(value).__name__}, which is no JSON")
    if not math.isfinite(value):
        raise EvaluationFailure("it makes a number that JSON cannot spell (infinity, or not a number)")


def write_text(value: JsonValue, budget: Budget) -> str:
    """How a value stands in a text: strings as they are, null as nothing, all else as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        budget.check_text(len(value))
        return value
    if name_type(value) in ("array", "object"):
        budget.check_text(measure(value, MAX_TEXT_CHARS, budget.spend))
    return dump_json(value)
