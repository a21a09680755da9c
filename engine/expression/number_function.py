"""Functions on numbers. Whole numbers stay whole where the result is; the largest has 64 bits."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal

from engine.expression.failure import EvaluationFailure
from engine.expression.limits import MAX_INTEGER
from engine.expression.signature import takes
from engine.json_value import JsonValue

# A number as JSON spells it (RFC 8259, section 6); 40 characters hold every double and 64-bit integer.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_MAX_NUMBER_CHARS = 40
# A double has no digits after the point from here on.
_ALWAYS_WHOLE = 2**53
_MAX_DIGITS = 15


class NumberFunctions:
    """Mixed into ExpressionFunctions."""

    @takes("number", "number")
    def _func_add(self, left: float, right: float) -> float:
        """add(a, b): their sum."""
        return _bounded(left + right)

    @takes("number", "number")
    def _func_subtract(self, left: float, right: float) -> float:
        """subtract(a, b): a less b."""
        return _bounded(left - right)

    @takes("number", "number")
    def _func_multiply(self, left: float, right: float) -> float:
        """multiply(a, b): their product."""
        return _bounded(left * right)

    @takes("number", "number")
    def _func_divide(self, left: float, right: float) -> float:
        """divide(a, b): a by b; whole when both are whole and nothing remains."""
        if right == 0:
            raise EvaluationFailure("a division by zero; test the divisor first")
        if isinstance(left, int) and isinstance(right, int) and left % right == 0:
            return _bounded(left // right)
        return _bounded(left / right)

    @takes("number", "number")
    def _func_modulo(self, left: float, right: float) -> float:
        """modulo(a, b): what remains of a by b, with the sign of b."""
        if right == 0:
            raise EvaluationFailure("a division by zero; test the divisor first")
        return _bounded(left % right)

    @takes("number", "number?")
    def _func_round(self, number: float, digits: float = 0) -> float:
        """round(number, digits): to so many digits after the point (none), halves away from zero."""
        if digits != int(digits) or not 0 <= digits <= _MAX_DIGITS:
            raise EvaluationFailure(f"digits must be a whole number from 0 to {_MAX_DIGITS}")
        if isinstance(number, int):
            return _bounded(number)
        if not math.isfinite(number) or abs(number) >= _ALWAYS_WHOLE:
            return _bounded(number)
        rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-int(digits)), rounding=ROUND_HALF_UP)
        return int(rounded) if digits == 0 else float(rounded)

    @takes("any")
    def _func_to_number(self, value: JsonValue) -> float | None:
        """to_number(value): the number itself, or what the text spells in JSON; null for everything else."""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        if isinstance(value, str):
            text = value.strip()
            if len(text) > _MAX_NUMBER_CHARS or not _NUMBER.match(text):
                return None
            value = float(text) if any(mark in text for mark in ".eE") else int(text)
        return _bounded(value)

    @takes("array-number")
    def _func_sum(self, numbers: list[float]) -> float:
        """sum(numbers): their sum; 0 for an empty list."""
        return _bounded(sum(numbers))

    @takes("array-number")
    def _func_avg(self, numbers: list[float]) -> float | None:
        """avg(numbers): the mean; null for an empty list."""
        return _bounded(sum(numbers) / len(numbers)) if numbers else None


def _bounded(number: float) -> float:
    if isinstance(number, int) and abs(number) > MAX_INTEGER:
        raise EvaluationFailure("the result is a whole number of more than 64 bits")
    if isinstance(number, float) and not math.isfinite(number):
        raise EvaluationFailure("the result is no number that JSON can spell")
    return number
