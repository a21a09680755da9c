"""A config against its model, as far as values are written out rather than expressions."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.errors import Problem
from engine.json_value import JsonObject, JsonValue
from engine.node import BaseNode
from engine.validation.shape_problem import describe, first_causes, merge, place_of
from engine.validation.text import dotted
from engine.workflow import Node

# Errors about the shape around a value, which hold whatever the value turns out to be.
_ALWAYS_CERTAIN = ("missing", "extra_forbidden")
# Errors of a check over several values: as soon as one of them is an expression, nobody knows.
_OVER_SEVERAL = ("value_error", "assertion_error", "union_tag_invalid", "union_tag_not_found")


def resolved_config(node: Node, node_class: type[BaseNode] | None) -> JsonObject:
    """The part of a config in which expressions are resolved."""
    plain = node_class.plain_fields() if node_class is not None else frozenset()
    return {key: value for key, value in node.config.items() if key not in plain}


def has_expression(value: JsonValue) -> bool:
    """Whether there is ``{{`` anywhere in a value."""
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, Mapping):
        return any(has_expression(inner) for inner in value.values())
    return isinstance(value, list) and any(has_expression(inner) for inner in value)


def config_problems(node: Node, node_class: type[BaseNode]) -> list[Problem]:
    """What is wrong with a config whatever its expressions give."""
    try:
        node_class.Config.model_validate(node.config)
    except ValidationError as error:
        details = first_causes(error.errors(include_url=False))
    else:
        return []
    plain = node_class.plain_fields()
    found: list[Problem] = []
    for detail in _certain_errors(details, node.config, plain):
        place, _ = place_of(node.config, detail)
        code, message = describe(node_class.Config, place, detail)
        found.append(Problem(code, message, node.id, dotted(("config", *place))))
    return merge(found)


def _certain_errors(
    details: list[ErrorDetails], config: JsonObject, plain: frozenset[str]
) -> list[ErrorDetails]:
    """Errors that hold whatever the expressions give.

    Of a union each member that fails has errors of its own: where one has only uncertain errors, the
    value may yet fit it, and nothing is certain about the others.
    """
    members: dict[tuple[object, ...], dict[object, list[bool]]] = {}
    for detail in details:
        union = _union_member(detail, config)
        if union is not None:
            certain = members.setdefault(union[0], {}).setdefault(union[1], [])
            certain.append(_is_certain(detail, config, plain))
    open_unions = {place for place, tags in members.items() if not all(any(seen) for seen in tags.values())}
    return [
        detail
        for detail in details
        if _is_certain(detail, config, plain)
        and ((union := _union_member(detail, config)) is None or union[0] not in open_unions)
    ]


def _is_certain(detail: ErrorDetails, config: JsonObject, plain: frozenset[str]) -> bool:
    place, value = place_of(config, detail)
    if detail["type"] in _ALWAYS_CERTAIN or (place and place[0] in plain):
        return True
    if isinstance(value, str) or detail["type"] in _OVER_SEVERAL:
        return not has_expression(value)
    return True


def _union_member(detail: ErrorDetails, config: JsonObject) -> tuple[tuple[object, ...], object] | None:
    """The place of the outermost union on the way to an error, and the member that it belongs to."""
    value: JsonValue = config
    loc = detail["loc"]
    for index, part in enumerate(loc):
        leads_on = part in value if isinstance(value, Mapping) else False
        if isinstance(value, list) and isinstance(part, int):
            leads_on = part < len(value)
        if leads_on:
            value = value[part]
        elif index == len(loc) - 1 and detail["type"] == "missing":
            return None
        else:
            return tuple(loc[:index]), part
    return None
