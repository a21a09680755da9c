"""From what pydantic says to a problem with a place and a cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from engine.errors import Problem
from engine.json_value import JsonValue
from engine.validation.model_field import known_fields
from engine.validation.text import PathPart, did_you_mean
from engine.wording import say

ABSENT: Any = object()


def place_of(value: JsonValue, error: ErrorDetails) -> tuple[tuple[PathPart, ...], JsonValue]:
    """Where the error is in the value, and what stands there (ABSENT: nothing).

    Pydantic puts the names of union members into its path; what does not lead on in the value is left out.
    """
    place: list[PathPart] = []
    loc = error["loc"]
    for index, part in enumerate(loc):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(part, int):
            value = value[part] if part < len(value) else ABSENT
        elif error["type"] == "missing" and index == len(loc) - 1:
            value = ABSENT
        else:
            continue
        place.append(part)
    return tuple(place), value


def first_causes(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those that only follow: a list is too short once its faulty entries are out."""
    locs = [detail["loc"] for detail in details]

    def follows(detail: ErrorDetails) -> bool:
        depth = len(detail["loc"])
        return detail["type"] == "too_short" and any(
            len(loc) > depth and loc[:depth] == detail["loc"] for loc in locs
        )

    return [detail for detail in details if not follows(detail)]


def describe(model: type[BaseModel], place: Sequence[PathPart], error: ErrorDetails) -> tuple[str, str]:
    """The stable code and the message, with its cure, of what pydantic found."""
    name = str(place[-1]) if place else ""
    if error["type"] == "extra_forbidden":
        known = known_fields(model, place)
        cure = did_you_mean(name, known) or (f"; known are {', '.join(known)}" if known else "")
        return "unknown_field", f"there is no field '{name}'{cure}"
    if error["type"] == "missing":
        return "missing_field", f"'{name}' is required; add it"
    message = say(error)
    if error["type"] == "wording" and isinstance(error["input"], str):
        message = f"'{error['input']}' {message}"
    return "bad_value", message


def merge(problems: Sequence[Problem]) -> list[Problem]:
    """One problem for each place: members of a union say each their own about the same value."""
    merged: dict[tuple[str | None, str | None, str], list[str]] = {}
    for problem in problems:
        messages = merged.setdefault((problem.node, problem.field, problem.code), [])
        if problem.message not in messages:
            messages.append(problem.message)
    return [
        Problem(code, ", or ".join(messages), node, field) for (node, field, code), messages in merged.items()
    ]
