"""Functions on lists and objects, and on whether something is there at all."""

from __future__ import annotations

from engine.expression.budget import Budget, measure
from engine.expression.failure import EvaluationFailure
from engine.expression.limits import MAX_RANGE, MAX_TEXT_CHARS
from engine.expression.signature import takes
from engine.json_equality import equal_json
from engine.json_value import JsonObject, JsonValue, canonical_json


class ListFunctions:
    """Mixed into ExpressionFunctions."""

    budget: Budget

    @takes("array")
    def _func_first(self, elements: list[JsonValue]) -> JsonValue:
        """first(list): the first element; null for an empty list."""
        return elements[0] if elements else None

    @takes("array")
    def _func_last(self, elements: list[JsonValue]) -> JsonValue:
        """last(list): the last element; null for an empty list."""
        return elements[-1] if elements else None

    @takes("array|string", "any")
    def _func_contains(self, subject: list[JsonValue] | str, wanted: JsonValue) -> bool:
        """contains(list or text, wanted): whether the element or the part of the text is there."""
        if isinstance(subject, str):
            if not isinstance(wanted, str):
                raise EvaluationFailure("a text contains texts alone; use to_string() on what is wanted")
            return wanted in subject
        return any(equal_json(element, wanted, self.budget.spend) for element in subject)

    @takes("array")
    def _func_unique(self, elements: list[JsonValue]) -> list[JsonValue]:
        """unique(list): each element once, in the order of their first appearance."""
        self.budget.spend(measure(elements, MAX_TEXT_CHARS, self.budget.spend) // 10)
        first_of: dict[str, JsonValue] = {}
        for element in elements:
            first_of.setdefault(canonical_json(element), element)
        return list(first_of.values())

    @takes("number", "number?")
    def _func_range(self, start: float, end: float | None = None) -> list[int]:
        """range(start, end): whole numbers from start to before end; range(n) begins at 0."""
        low, high = (0.0, start) if end is None else (start, end)
        if low != int(low) or high != int(high):
            raise EvaluationFailure("start and end must be whole numbers")
        if high - low > MAX_RANGE:
            raise EvaluationFailure(f"it makes more than {MAX_RANGE:,} elements")
        return list(range(int(low), int(high)))

    @takes("array-string", "array")
    def _func_to_object(self, names: list[str], values: list[JsonValue]) -> JsonObject:
        """to_object(names, values): an object of names and values in the same order."""
        if len(names) != len(values):
            raise EvaluationFailure(f"there are {len(names)} names and {len(values)} values")
        return dict(zip(names, values, strict=True))

    @takes("array", "array", "array?", "array?")
    def _func_merge_items(self, *lists: list[JsonValue]) -> list[JsonValue]:
        """merge_items(list, other, …): at each place the first element that is not null, of 2 to 4 lists."""
        if len({len(elements) for elements in lists}) > 1:
            raise EvaluationFailure("the lists are not of the same length")
        rows = zip(*lists, strict=True)
        return [next((element for element in row if element is not None), None) for row in rows]

    @takes("any", "any")
    def _func_default(self, value: JsonValue, other: JsonValue) -> JsonValue:
        """default(value, other): other where the value does not exist or is null; false and '' stay."""
        return other if value is None else value

    @takes("any")
    def _func_exists(self, value: JsonValue) -> bool:
        """exists(value): whether it is there and not null."""
        return value is not None
