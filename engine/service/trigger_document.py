"""The settings of a trigger as users send them: all problems at once, each with its field."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from engine.errors import Problem, RequestError
from engine.expression import check_expressions, find_references
from engine.json_value import JsonObject
from engine.trigger import TriggerSettings
from engine.validation.shape_problem import first_causes
from engine.wording import say

# What a mapping of inputs may look up.
_KNOWN = ("event", "inputs")
_TAGS = frozenset({"webhook", "schedule", "s3", "event", "header", "github", "stripe", "hmac"})


def parse_trigger(document: JsonObject) -> TriggerSettings:
    """The settings; RequestError with a problem for each field that does not fit."""
    try:
        settings: TriggerSettings = TypeAdapter(TriggerSettings).validate_python(document)
    except ValidationError as error:
        problems = [
            Problem("trigger", say(item), None, _field(item["loc"]))
            for item in first_causes(error.errors(include_url=False))
        ]
        raise RequestError(f"The trigger does not fit: {_told(problems)}.", None, problems) from None
    problems = _mapping_problems(settings.inputs or {})
    if problems:
        raise RequestError(f"The inputs of the trigger do not fit: {_told(problems)}.", "inputs", problems)
    return settings


def _mapping_problems(mapping: JsonObject) -> list[Problem]:
    problems = [
        Problem("expression", f"{{{{ {expression} }}}}: {message}", None, where)
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
    return "; ".join(f"{problem.field}: {problem.message}" for problem in problems)


def _field(location: tuple[int | str, ...]) -> str | None:
    """The path of a field; pydantic puts in the names of the kinds that it chose between."""
    parts = [str(part) for place, part in enumerate(location) if not (part in _TAGS and place in (0, 2))]
    return ".".join(parts) or "type"
