"""The closed set of functions: jmespath's own, held to the budget, and ours beside them.

Every function is total: for each input it gives JSON or raises EvaluationFailure. None reads a clock, a
file or the environment, and none takes a regular expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from jmespath import functions

from engine.expression.budget import Budget
from engine.expression.failure import EvaluationFailure
from engine.expression.list_function import ListFunctions
from engine.expression.number_function import NumberFunctions
from engine.expression.signature import check_arguments, takes
from engine.expression.text_function import TextFunctions
from engine.json_type import add_article, name_type
from engine.json_value import JsonValue

# Position of the argument that is an expression reference (`&price`).
EXPREF_ARGUMENTS: Final[Mapping[str, int]] = MappingProxyType(
    {"map": 0, "sort_by": 1, "min_by": 1, "max_by": 1}
)
# Functions to which a path that leads nowhere is null.
TOLERANT: Final = frozenset({"not_null", "default", "exists"})


class ExpressionFunctions(TextFunctions, NumberFunctions, ListFunctions, functions.Functions):
    """Calls a function by name; types of arguments are checked, results are held against the budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def call_function(self, function_name: str, resolved_args: Iterable[JsonValue]) -> JsonValue:
        """The value of a call; EvaluationFailure names the function and what does not fit."""
        arguments = list(resolved_args)
        spec = self.FUNCTION_TABLE[function_name]
        for argument in arguments:
            self.budget.spend_on(argument)
        check_arguments(function_name, spec["signature"], arguments)
        try:
            result = spec["function"](self, *arguments)
        except (EvaluationFailure, OverflowError, ValueError) as failure:
            raise EvaluationFailure(f"{function_name}(): {failure}") from None
        self.budget.spend_on(result)
        return result

    def _key_of_one_kind(self, elements: list[JsonValue], expref: Any) -> Callable[[JsonValue], Any]:
        """What elements are compared by: numbers or texts, as the first element has it."""
        first = name_type(expref.visit(expref.expression, elements[0])) if elements else "number"
        if first not in ("number", "string"):
            raise EvaluationFailure(f"the expression gives {add_article(first)}, not a number or a string")

        def key_of(element: JsonValue) -> JsonValue:
            key = expref.visit(expref.expression, element)
            if name_type(key) != first:
                kinds = f"{add_article(first)} and {add_article(name_type(key))}"
                raise EvaluationFailure(f"the expression gives {kinds}, which have no order")
            self.budget.spend_on(key)
            return key

        return key_of

    @takes("array", "expref")
    def _func_sort_by(self, elements: list[JsonValue], expref: Any) -> list[JsonValue]:
        """sort_by(list, &expression): the elements in the order of the expression."""
        return sorted(elements, key=self._key_of_one_kind(elements, expref))

    @takes("array", "expref")
    def _func_min_by(self, elements: list[JsonValue], expref: Any) -> JsonValue:
        """min_by(list, &expression): the element for which the expression is smallest; null if empty."""
        return min(elements, key=self._key_of_one_kind(elements, expref), default=None)

    @takes("array", "expref")
    def _func_max_by(self, elements: list[JsonValue], expref: Any) -> JsonValue:
        """max_by(list, &expression): the element for which the expression is largest; null if empty."""
        return max(elements, key=self._key_of_one_kind(elements, expref), default=None)


@dataclass(frozen=True)
class FunctionSpec:
    """How a function is called: ``least`` and ``most`` arguments (None: any number), and what it does."""

    name: str
    least: int
    most: int | None
    description: str


def _describe(name: str, entry: Mapping[str, Any]) -> FunctionSpec:
    signature = entry["signature"]
    least = sum(1 for argument in signature if not argument.get("optional"))
    variadic = bool(signature) and signature[-1].get("variadic")
    description = (entry["function"].__doc__ or _NATIVE.get(name, "")).strip()
    return FunctionSpec(name, least, None if variadic else len(signature), description)


# What jmespath's own functions do (https://jmespath.org/specification.html#built-in-functions).
_NATIVE = {
    "abs": "abs(number): without its sign.",
    "avg": "avg(numbers): the mean; null for an empty list.",
    "ceil": "ceil(number): the next whole number above.",
    "ends_with": "ends_with(text, end): whether the text ends so.",
    "floor": "floor(number): the next whole number below.",
    "keys": "keys(object): its names.",
    "length": "length(text, list or object): characters, elements or names.",
    "map": "map(&expression, list): the expression's value for each element.",
    "max": "max(list): the largest of numbers or texts; null for an empty list.",
    "merge": "merge(object, …): one object; what comes later wins.",
    "min": "min(list): the smallest of numbers or texts; null for an empty list.",
    "not_null": "not_null(value, …): the first that exists and is not null.",
    "reverse": "reverse(text or list): from the end to the beginning.",
    "sort": "sort(list): numbers or texts, in order.",
    "starts_with": "starts_with(text, beginning): whether the text begins so.",
    "sum": "sum(numbers): their sum; 0 for an empty list.",
    "to_array": "to_array(value): the list itself, or a list of the one value.",
    "type": "type(value): string, number, boolean, array, object or null.",
    "values": "values(object): its values.",
}

FUNCTIONS: Final[Mapping[str, FunctionSpec]] = MappingProxyType(
    {name: _describe(name, entry) for name, entry in sorted(ExpressionFunctions.FUNCTION_TABLE.items())}
)
