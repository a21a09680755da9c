"""jmespath's interpreter, strict where a workflow needs it.

A step of a path that leads nowhere raises Missing instead of giving null, so that a misspelt reference
does not run on as nothing. Where null is what an expression asks for, jmespath's own rules hold: inside
projections and filters, and for what stands at either side of a comparison, left of `||`, around `&&`
and `!`, and in `not_null`, `default` and `exists`, where Missing counts as null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jmespath.visitor import TreeInterpreter

from engine.expression.budget import Budget
from engine.expression.failure import Missing, suggest
from engine.expression.function import TOLERANT, ExpressionFunctions
from engine.expression.path_text import write_path
from engine.expression.scope import Scope
from engine.expression.tree import Tree
from engine.json_equality import equal_json
from engine.json_type import describe_type, name_type
from engine.json_value import JsonValue


class Interpreter(TreeInterpreter):
    """Evaluates trees from a scope or a value; raises EvaluationFailure."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget
        self._functions = ExpressionFunctions(budget)
        # In how many projections, filters and expression references we are.
        self._lenient = 0

    def visit(self, node: Tree, *args: JsonValue, **kwargs: JsonValue) -> JsonValue:
        """The value of a part; each visit is a step."""
        self.budget.spend(1)
        return super().visit(node, *args, **kwargs)

    @contextmanager
    def _leniently(self) -> Iterator[None]:
        self._lenient += 1
        try:
            yield
        finally:
            self._lenient -= 1

    def _or_null(self, node: Tree, value: JsonValue) -> JsonValue:
        """The value of a part, or null where its path leads nowhere."""
        try:
            return self.visit(node, value)
        except Missing:
            return None

    def _nowhere(self, reason: str, cure: str = "") -> None:
        """Raise Missing, unless we are where null is the answer."""
        if not self._lenient:
            raise Missing(reason, cure)

    # Steps of a path

    def visit_field(self, node: Tree, value: JsonValue) -> JsonValue:
        """A member of an object, or a name of the scope."""
        name = node["value"]
        if isinstance(value, Scope):
            return value.look_up(name)
        if isinstance(value, dict):
            if name in value:
                return value[name]
            self._nowhere(f"{{holder}} has no '{_brief(name)}'", suggest(name, value))
        else:
            self._nowhere(f"{{holder}} is {describe_type(value)}, which has no '{_brief(name)}'")
        return None

    def visit_index(self, node: Tree, value: JsonValue) -> JsonValue:
        """An element of a list."""
        position = node["value"]
        if not isinstance(value, list):
            self._nowhere(
                f"{{holder}} is {describe_type(value)}, which has no element [{_brief(str(position))}]"
            )
            return None
        if -len(value) <= position < len(value):
            return value[position]
        self._nowhere(f"{{holder}} has {len(value)} elements, and no [{_brief(str(position))}]")
        return None

    def visit_subexpression(self, node: Tree, value: JsonValue) -> JsonValue:
        """One step after the other; Missing is told what the failing step was taken from."""
        result = value
        for position, child in enumerate(node["children"]):
            try:
                result = self.visit(child, result)
            except Missing as missing:
                missing.holder = write_path(node["children"][:position], then=missing.holder)
                raise
        return result

    visit_index_expression = visit_subexpression

    def visit_pipe(self, node: Tree, value: JsonValue) -> JsonValue:
        """The right side of what the left side gives."""
        return self.visit(node["children"][1], self.visit(node["children"][0], value))

    def visit_slice(self, node: Tree, value: JsonValue) -> JsonValue:
        """A part of a list."""
        if not isinstance(value, list):
            self._nowhere(
                f"{{holder}} is {describe_type(value)}, and only a list has slices; texts have substring()"
            )
            return None
        part = value[slice(*node["children"])]
        self.budget.spend(len(part))
        return part

    # Projections

    def visit_projection(self, node: Tree, value: JsonValue) -> JsonValue:
        """The right side for each element of the left."""
        base = self._base(node, value, list)
        return None if base is None else self._project(node["children"][1], base)

    def visit_value_projection(self, node: Tree, value: JsonValue) -> JsonValue:
        """The right side for each value of an object."""
        base = self._base(node, value, dict)
        return None if base is None else self._project(node["children"][1], list(base.values()))

    def visit_filter_projection(self, node: Tree, value: JsonValue) -> JsonValue:
        """The right side for each element that the condition holds for."""
        base = self._base(node, value, list)
        if base is None:
            return None
        _, right, condition = node["children"]
        with self._leniently():
            chosen = [element for element in base if not self._is_false(self.visit(condition, element))]
        return self._project(right, chosen)

    def visit_flatten(self, node: Tree, value: JsonValue) -> JsonValue:
        """A list whose elements that are lists are replaced by their elements."""
        base = self._base(node, value, list)
        if base is None:
            return None
        self.budget.spend(sum(len(element) if isinstance(element, list) else 1 for element in base))
        flat: list[JsonValue] = []
        for element in base:
            flat.extend(element if isinstance(element, list) else [element])
        return flat

    def _base(
        self, node: Tree, value: JsonValue, kind: type[list[JsonValue]] | type[dict[str, JsonValue]]
    ) -> JsonValue:
        """What a projection walks over; None where it may be nothing."""
        left = node["children"][0]
        base = self.visit(left, value)
        if isinstance(base, kind):
            return base
        if not self._lenient:
            wanted = "a list" if kind is list else "an object"
            missing = Missing(f"{{holder}} is {describe_type(base)} where {wanted} is needed")
            missing.holder = write_path([left])
            raise missing
        return None

    def _project(self, right: Tree, elements: Sequence[JsonValue]) -> list[JsonValue]:
        if right["type"] == "identity":
            self.budget.spend(len(elements))
            return [element for element in elements if element is not None]
        with self._leniently():
            values = (self.visit(right, element) for element in elements)
            return [found for found in values if found is not None]

    def visit_multi_select_dict(self, node: Tree, value: JsonValue) -> JsonValue:
        """An object made of parts."""
        if value is None:
            self._nowhere("{holder} is null, and nothing can be selected from it")
            return None
        return {child["value"]: self.visit(child, value) for child in node["children"]}

    def visit_multi_select_list(self, node: Tree, value: JsonValue) -> JsonValue:
        """A list made of parts."""
        if value is None:
            self._nowhere("{holder} is null, and nothing can be selected from it")
            return None
        return [self.visit(child, value) for child in node["children"]]

    # Where nothing is something

    def visit_or_expression(self, node: Tree, value: JsonValue) -> JsonValue:
        """The left, or the right where the left is missing, null, false or empty."""
        left = self._or_null(node["children"][0], value)
        return self.visit(node["children"][1], value) if self._is_false(left) else left

    def visit_and_expression(self, node: Tree, value: JsonValue) -> JsonValue:
        """The left where it is missing, null, false or empty; else the right."""
        left = self._or_null(node["children"][0], value)
        return left if self._is_false(left) else self.visit(node["children"][1], value)

    def visit_not_expression(self, node: Tree, value: JsonValue) -> JsonValue:
        """Whether the operand is missing, null, false or empty."""
        return self._is_false(self._or_null(node["children"][0], value))

    def visit_comparator(self, node: Tree, value: JsonValue) -> JsonValue:
        """Equality of any two values, order of two numbers or two texts; null for every other order."""
        left, right = (self._or_null(child, value) for child in node["children"])
        if node["value"] in ("eq", "ne"):
            return equal_json(left, right, self.budget.spend) == (node["value"] == "eq")
        if name_type(left) != name_type(right) or name_type(left) not in ("number", "string"):
            return None
        self.budget.spend_on(left)
        return self.COMPARATOR_FUNC[node["value"]](left, right)

    def visit_function_expression(self, node: Tree, value: JsonValue) -> JsonValue:
        """The value of a call."""
        evaluate = self._or_null if node["value"] in TOLERANT else self.visit
        arguments = [evaluate(child, value) for child in node["children"]]
        if node["value"] in ("map", "sort_by", "min_by", "max_by"):
            with self._leniently():
                return self._functions.call_function(node["value"], arguments)
        return self._functions.call_function(node["value"], arguments)

    def _is_false(self, value: JsonValue) -> bool:
        return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def _brief(name: str) -> str:
    return name if len(name) <= 64 else f"{name[:63]}…"
