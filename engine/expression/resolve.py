"""Configs with expressions: find them, check them, resolve them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine.errors import ExpressionError
from engine.expression.budget import Budget, write_text
from engine.expression.failure import EvaluationFailure, Missing, SyntaxProblem, quote
from engine.expression.interpreter import Interpreter
from engine.expression.limits import MAX_CONFIG_DEPTH, MAX_EXPRESSIONS, MAX_TEXT_CHARS
from engine.expression.scope import Scope
from engine.expression.syntax import parse_expression
from engine.expression.template import OPEN, Template, has_expression, parse_template
from engine.json_value import JsonObject, JsonValue

_TOO_DEEP = f"the config is nested deeper than {MAX_CONFIG_DEPTH} levels; build deep values in a node"
_TOO_MANY = f"the config holds more than {MAX_EXPRESSIONS:,} expressions; split the work over nodes"


@dataclass(frozen=True)
class Reference:
    """A name that an expression looks up: a node, an input or a reserved name."""

    field: str
    expression: str
    name: str


def find_references(
    value: JsonValue, field: str = "config", skip: Collection[str] = ()
) -> tuple[Reference, ...]:
    """Every name that expressions in the value look up; mistakes are left to check_expressions."""
    found: list[Reference] = []
    for where, text in _texts(value, field, _paths(field, skip)):
        if text is None:
            continue
        try:
            expressions = parse_template(text).expressions
        except SyntaxProblem:
            continue
        for expression in expressions:
            try:
                names = parse_expression(expression).names
            except SyntaxProblem:
                continue
            found.extend(Reference(where, expression, name) for name in names)
    return tuple(found)


def check_expressions(
    value: JsonValue, field: str = "config", skip: Collection[str] = ()
) -> tuple[tuple[str, str, str], ...]:
    """What is wrong with the expressions in the value, as (field, expression, message)."""
    problems: list[tuple[str, str, str]] = []
    count = 0
    for where, text in _texts(value, field, _paths(field, skip)):
        if text is None:
            problems.append((where, "", _TOO_DEEP))
            continue
        try:
            template = parse_template(text)
        except SyntaxProblem as problem:
            problems.append((where, quote(text), str(problem)))
            continue
        for expression in template.expressions:
            count += 1
            try:
                parse_expression(expression)
            except SyntaxProblem as problem:
                problems.append((where, expression, str(problem)))
    if count > MAX_EXPRESSIONS:
        problems.append((field, "", _TOO_MANY))
    return tuple(problems)


def resolve(
    value: JsonValue,
    scope: Scope,
    field: str = "config",
    *,
    node_id: str | None = None,
    skip: Collection[str] = (),
    optional: Collection[str] = (),
) -> JsonValue:
    """The value with its expressions replaced by what they give; the value itself is not changed.

    ``skip`` and ``optional`` are paths below ``field`` (``rules[0].left``), each standing for all below it:
    what is skipped stays as it is; what is optional becomes null where a reference does not exist.
    ExpressionError names the field and the expression.
    """
    return _Resolver(scope, node_id, _paths(field, skip), _paths(field, optional)).resolve(value, field, 0)


def evaluate(
    expression: str, value: JsonValue, field: str = "config", budget: Budget | None = None
) -> JsonValue:
    """An expression, without braces, of a value (`@`) instead of a scope; ExpressionError.

    Evaluations that belong together share a ``budget``.
    """
    budget = budget or Budget()
    try:
        found = Interpreter(budget).visit(parse_expression(expression, relative=True).tree, value)
        budget.keep(found)
    except (SyntaxProblem, EvaluationFailure) as failure:
        raise _error(failure, quote(expression), expression, field, None) from None
    except RecursionError:
        raise _error(_deep_data(), quote(expression), expression, field, None) from None
    return found


def check_expression(expression: str) -> str | None:
    """What is wrong with an expression as `evaluate` takes it, or None."""
    try:
        parse_expression(expression, relative=True)
    except SyntaxProblem as problem:
        return str(problem)
    return None


class _Resolver:
    """One walk over a config, with one budget."""

    def __init__(
        self, scope: Scope, node_id: str | None, skip: tuple[str, ...], optional: tuple[str, ...]
    ) -> None:
        self._scope, self._node_id, self._skip, self._optional = scope, node_id, skip, optional
        self._budget = Budget()
        self._interpreter = Interpreter(self._budget)
        self._expressions_left = MAX_EXPRESSIONS

    def resolve(self, value: JsonValue, field: str, depth: int) -> JsonValue:
        """The value with its expressions replaced."""
        if _covers(self._skip, field):
            return value
        if isinstance(value, str):
            return self._resolve_text(value, field) if has_expression(value) else value
        if not isinstance(value, dict | list):
            return value
        if depth >= MAX_CONFIG_DEPTH:
            raise _error(SyntaxProblem(_TOO_DEEP), "", "", field, self._node_id)
        if isinstance(value, list):
            return [
                self.resolve(element, f"{field}[{position}]", depth + 1)
                for position, element in enumerate(value)
            ]
        resolved: JsonObject = {
            name: self.resolve(element, f"{field}.{name}", depth + 1) for name, element in value.items()
        }
        return resolved

    def _resolve_text(self, text: str, field: str) -> JsonValue:
        expression = text
        try:
            template = parse_template(text)
            self._expressions_left -= len(template.expressions)
            if self._expressions_left < 0:
                raise SyntaxProblem(_TOO_MANY)
            optional = _covers(self._optional, field)
            values: list[JsonValue] = []
            for expression in template.expressions:
                values.append(self._evaluate(expression, optional))  # noqa: PERF401 - a failure names it
            expression = template.expressions[0] if template.single else text
            return self._put_together(template, values)
        except (SyntaxProblem, EvaluationFailure) as failure:
            raise _error(failure, _in_braces(expression), expression, field, self._node_id) from None
        except RecursionError:
            raise _error(_deep_data(), _in_braces(expression), expression, field, self._node_id) from None

    def _evaluate(self, expression: str, optional: bool) -> JsonValue:
        try:
            return self._interpreter.visit(parse_expression(expression).tree, self._scope)
        except Missing:
            if optional:
                return None
            raise

    def _put_together(self, template: Template, values: list[JsonValue]) -> JsonValue:
        if template.single:
            self._budget.keep(values[0], built=not parse_expression(template.expressions[0]).is_path)
            return values[0]
        parts = [template.texts[0]]
        length = sum(map(len, template.texts))
        for value, text in zip(values, template.texts[1:], strict=True):
            written = write_text(value, self._budget)
            length += len(written)
            if length > MAX_TEXT_CHARS:
                self._budget.check_text(length)
            parts += [written, text]
        resolved = "".join(parts)
        self._budget.keep(resolved)
        return resolved


def _texts(value: JsonValue, field: str, skip: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """Every text with `{{` in the value with its path; None for what lies deeper than MAX_CONFIG_DEPTH."""
    waiting: list[tuple[str, JsonValue, int]] = [(field, value, 0)]
    while waiting:
        where, part, depth = waiting.pop()
        if _covers(skip, where):
            continue
        if isinstance(part, str):
            if OPEN in part:
                yield where, part
        elif isinstance(part, dict | list):
            if depth >= MAX_CONFIG_DEPTH:
                yield where, None
            elif isinstance(part, dict):
                children = [(f"{where}.{name}", element, depth + 1) for name, element in part.items()]
                waiting.extend(reversed(children))
            else:
                elements = [(f"{where}[{i}]", element, depth + 1) for i, element in enumerate(part)]
                waiting.extend(reversed(elements))


def _paths(field: str, below: Collection[str]) -> tuple[str, ...]:
    return tuple(f"{field}{path}" if path.startswith("[") else f"{field}.{path}" for path in below)


def _covers(paths: tuple[str, ...], field: str) -> bool:
    return any(field == path or field.startswith((f"{path}.", f"{path}[")) for path in paths)


def _deep_data() -> EvaluationFailure:
    return EvaluationFailure("the data is nested too deep for it; use a part of it")


def _error(
    failure: Exception, shown: str, expression: str, field: str, node_id: str | None
) -> ExpressionError:
    where = f"{field}: " if node_id is None else f"node '{node_id}', {field}: "
    said = f"{where}'{shown}': {failure}" if shown else f"{where}{failure}"
    return ExpressionError(said, expression=expression, node_id=node_id, field=field)


def _in_braces(expression: str) -> str:
    """How an error shows an expression; nothing for a text that could not be taken apart."""
    return f"{{{{ {quote(expression)} }}}}" if expression and OPEN not in expression else ""
