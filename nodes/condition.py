"""Conditions: a comparison, or a group of conditions; what conditional and switch decide by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from engine.json_type import JSON_TYPES
from engine.json_value import JsonObject, JsonValue
from engine.operators import PRESENCE_OPERATORS, UNARY_OPERATORS, OperandError, OperatorName, compare
from engine.pattern import check_pattern
from nodes.base import Field, NodeConfig, NodeError

# Groups inside each other, and conditions in one group: what a person can still follow.
MAX_GROUP_DEPTH = 10
MAX_GROUP_SIZE = 100
_GROUPS = ("all", "any")
_AS_IT_IS: JsonObject = {"x-expression": False}


class Condition(NodeConfig):
    """Either `left`, `operator` and `right`, or one of the groups `all`, `any` and `not`."""

    left_required: ClassVar[bool] = True

    left: Any = Field(
        None,
        title="Left",
        description="What is looked at.",
        examples=["{{ score.output }}"],
    )
    operator: OperatorName | None = Field(
        None,
        title="Operator",
        description="How left and right are compared. Types must fit: nothing is converted.",
        examples=["greater"],
        json_schema_extra={"x-widget": "select", **_AS_IT_IS},
    )
    right: Any = Field(
        None,
        title="Right",
        description="What it is compared with; nothing for exists, empty, is_true and their opposites.",
        examples=[0.5],
    )
    ignore_case: bool = Field(
        False,
        title="Ignore case",
        description="Texts are equal whatever their case.",
    )
    all: tuple[Condition, ...] | None = Field(
        None,
        title="All of",
        min_length=1,
        max_length=MAX_GROUP_SIZE,
        description="Instead of a comparison: conditions that must all hold, tried in order.",
    )
    any: tuple[Condition, ...] | None = Field(
        None,
        title="Any of",
        min_length=1,
        max_length=MAX_GROUP_SIZE,
        description="Instead of a comparison: conditions of which one must hold, tried in order.",
    )
    not_: Condition | None = Field(
        None,
        alias="not",
        title="Not",
        description="Instead of a comparison: a condition that must not hold.",
    )

    @model_validator(mode="after")
    def _has_one_form(self) -> Condition:
        forms = {"operator": self.operator, "all": self.all, "any": self.any, "not": self.not_}
        given = [name for name, form in forms.items() if form is not None]
        if len(given) != 1:
            said = f"this has {' and '.join(given)}" if given else "this has none"
            raise _problem(f"a condition has one of operator, all, any and not; {said}")
        if self.operator is None:
            return self
        if self.left_required and "left" not in self.model_fields_set:
            raise _problem(f"operator '{self.operator}' needs left")
        if self.operator not in UNARY_OPERATORS and "right" not in self.model_fields_set:
            raise _problem(f"operator '{self.operator}' needs right")
        return self


def _problem(message: str) -> PydanticCustomError:
    return PydanticCustomError("condition", "{message}", {"message": message})


def evaluate_condition(
    condition: Condition, path: str = "config", default_left: JsonValue = None
) -> tuple[bool, list[str]]:
    """Whether the condition holds, and the paths of the comparisons that did, in order.

    NodeError names the path of a comparison whose operands do not fit.
    """
    if condition.operator is not None:
        holds = _compare(condition, path, default_left)
        return holds, [path] if holds else []
    if condition.not_ is not None:
        holds, matched = evaluate_condition(condition.not_, f"{path}.not")
        return not holds, matched
    name, members = ("all", condition.all) if condition.all is not None else ("any", condition.any)
    matched = []
    for position, member in enumerate(members or ()):
        holds, inside = evaluate_condition(member, f"{path}.{name}[{position}]")
        matched += inside
        if holds == (name == "any"):
            return holds, matched
    return name == "all", matched


def _compare(condition: Condition, path: str, default_left: JsonValue) -> bool:
    left = condition.left if "left" in condition.model_fields_set else default_left
    operator = condition.operator or ""
    try:
        return compare(left, operator, condition.right, ignore_case=condition.ignore_case)
    except OperandError as error:
        raise NodeError(f"{path}: operator '{operator}' {error}", field=f"{path}.{error.side}") from None


def find_comparisons(condition: JsonValue, path: str = "") -> Iterator[tuple[str, JsonObject]]:
    """The comparisons of an unresolved condition with their paths; what is no condition is passed over."""
    waiting: list[tuple[str, JsonValue, int]] = [(path, condition, 0)]
    while waiting:
        where, part, depth = waiting.pop()
        if not isinstance(part, dict) or depth > MAX_GROUP_DEPTH:
            continue
        if "operator" in part:
            yield where, part
        dot = f"{where}." if where else ""
        for name in _GROUPS:
            members = part.get(name)
            if isinstance(members, list):
                waiting.extend((f"{dot}{name}[{i}]", member, depth + 1) for i, member in enumerate(members))
        if "not" in part:
            waiting.append((f"{dot}not", part["not"], depth + 1))


def find_optional(comparisons: list[tuple[str, JsonObject]]) -> tuple[str, ...]:
    """Paths of operands whose reference may be missing, and then counts as null.

    They are what is asked for presence (exists, empty and their opposites), and operands with the same
    text, so that `all: [x exists, x greater 5]` can be written.
    """
    asked = [part.get("left") for _, part in comparisons if part.get("operator") in PRESENCE_OPERATORS]
    texts = {left for left in asked if isinstance(left, str)}
    found = []
    for path, part in comparisons:
        dot = f"{path}." if path else ""
        if part.get("operator") in PRESENCE_OPERATORS and "left" in part:
            found.append(f"{dot}left")
        found += [
            f"{dot}{side}"
            for side in ("left", "right")
            if isinstance(part.get(side), str) and part[side] in texts and f"{dot}{side}" not in found
        ]
    return tuple(found)


def check_comparisons(comparisons: list[tuple[str, JsonObject]]) -> list[tuple[str, str]]:
    """Problems of operands that are written out: a pattern, a type."""
    problems = []
    for path, part in comparisons:
        right, where = part.get("right"), f"config.{path}.right" if path else "config.right"
        if part.get("operator") == "type_is" and right not in JSON_TYPES and not _is_open(right):
            problems.append((where, f"must be one of {', '.join(JSON_TYPES)}"))
        if part.get("operator") == "matches" and isinstance(right, str) and not _is_open(right):
            why = check_pattern(right)
            problems += [(where, why)] if why else []
    return problems


def _is_open(value: JsonValue) -> bool:
    return isinstance(value, str) and "{{" in value


def check_shape(config_class: type[NodeConfig], config: JsonObject) -> list[tuple[str, str]]:
    """Problems of form that a JSON Schema cannot see: what the validators of the config model say."""
    try:
        config_class.model_validate(config)
    except ValidationError as error:
        own = [each for each in error.errors() if each["type"] == "condition"]
        return [(_write_location(each["loc"]), each["msg"]) for each in own]
    return []


def check_depth(condition: JsonValue) -> list[tuple[str, str]]:
    """A problem when groups are nested deeper than MAX_GROUP_DEPTH."""
    depth, layer = 0, [condition]
    while layer and depth <= MAX_GROUP_DEPTH:
        inner: list[JsonValue] = []
        for part in (each for each in layer if isinstance(each, dict)):
            inner += [part["not"]] if "not" in part else []
            for name in _GROUPS:
                inner += part[name] if isinstance(part.get(name), list) else []
        depth, layer = depth + 1, inner
    return [("config", f"groups are nested deeper than {MAX_GROUP_DEPTH} levels")] if layer else []


def _write_location(location: tuple[int | str, ...]) -> str:
    text = "config"
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text
