"""The settings of a trigger as users send them: all problems at once, each with its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from engine.errors import Problem, RequestError
from engine.expression import check_expressions, describe_mistake, find_references
from engine.json_value import JsonObject
from engine.trigger import EventSettings, S3Settings, ScheduleSettings, TriggerSettings, WebhookSettings
from engine.validation.shape_problem import describe, first_causes, merge, place_of
from engine.validation.text import dotted

# What a mapping of inputs may look up.
_KNOWN = ("event", "inputs")
_KINDS: Mapping[str, type[BaseModel]] = {
    "webhook": WebhookSettings,
    "schedule": ScheduleSettings,
    "s3": S3Settings,
    "event": EventSettings,
}


def parse_trigger(document: JsonObject) -> TriggerSettings:
    """The settings; RequestError with a problem for each field that does not fit."""
    try:
        settings: TriggerSettings = TypeAdapter(TriggerSettings).validate_python(document)
    except ValidationError as error:
        details = first_causes(error.errors(include_url=False))
        problems = merge([_problem(document, detail) for detail in details])
        raise RequestError(f"The trigger does not fit: {_told(problems)}.", None, problems) from None
    problems = _mapping_problems(settings.inputs or {})
    if problems:
        raise RequestError(f"The inputs of the trigger do not fit: {_told(problems)}.", "inputs", problems)
    return settings


def _problem(document: JsonObject, detail: ErrorDetails) -> Problem:
    place, _ = place_of(document, detail)
    code, message = describe(_KINDS.get(str(document.get("type")), BaseModel), place, detail)
    return Problem(code, message, None, dotted(place) or "type")


def _mapping_problems(mapping: JsonObject) -> list[Problem]:
    problems = [
        Problem("expression", describe_mistake(expression, message), None, where)
        for where, expression, message in check_expressions(mapping, "inputs")
    ]
    problems += [
        Problem("expression", f"'{found.name}' is not known here; write `event`", None, where)
        for found in find_references(mapping, "inputs")
        if found.name not in _KNOWN
        for where in [found.field]
    ]
    return problems


def _told(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{problem.field}: {problem.message.rstrip('.')}" for problem in problems)
