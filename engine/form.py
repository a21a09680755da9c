"""Forms: a part of JSON Schema that can be drawn as plain fields, and what people fill into them.

An object whose properties are texts (``enum``, ``format``: date, email, textarea; ``minLength``,
``maxLength``), numbers and whole numbers (``minimum``, ``maximum``) and booleans; each with ``title``,
``description``, ``default``. Everything else is refused rather than drawn wrongly.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import Problem, RequestError
from engine.json_value import JsonObject, JsonValue
from engine.wording import Wording, say

MAX_FIELDS = 50
# What one person types; longer texts are files.
MAX_TEXT_CHARACTERS = 10_000
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")

FieldName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"),
    Wording("is named by letters, digits and '_', not a digit first, 63 characters at most"),
]
FieldType = Literal["string", "number", "integer", "boolean"]


class FormField(BaseModel):
    """One field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    type: FieldType = "string"
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=1_000)
    default: str | bool | int | float | None = None
    enum: tuple[str, ...] | None = Field(None, min_length=1, max_length=200)
    format: Literal["date", "email", "textarea"] | None = None
    min_length: int = Field(0, ge=0, alias="minLength")
    max_length: int = Field(MAX_TEXT_CHARACTERS, ge=1, le=MAX_TEXT_CHARACTERS, alias="maxLength")
    minimum: float | None = None
    maximum: float | None = None


class Form(BaseModel):
    """An object of fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["object"] = "object"
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=1_000)
    properties: dict[FieldName, FormField] = Field(min_length=1, max_length=MAX_FIELDS)
    required: tuple[str, ...] = ()
    additionalProperties: Literal[False] = False


def form_problems(schema: JsonObject) -> list[tuple[str, str]]:
    """What keeps a schema from being a form, as (dotted path, message); nothing where it is one."""
    try:
        form = Form.model_validate(schema)
    except ValidationError as error:
        # Of a key that is wrong pydantic says so behind it.
        places = ([str(part) for part in item["loc"] if part != "[key]"] for item in error.errors())
        return [(".".join(place), say(item)) for place, item in zip(places, error.errors(), strict=True)]
    return [
        (f"required.{index}", f"there is no property '{name}'")
        for index, name in enumerate(form.required)
        if name not in form.properties
    ]


def read_answers(schema: JsonObject | None, given: JsonObject) -> JsonObject:
    """What was filled in, defaults included; RequestError with a problem for each field that does not fit."""
    form = Form.model_validate(schema) if schema is not None else None
    fields = form.properties if form else {}
    answers: JsonObject = {}
    problems: list[Problem] = []
    problems += [_problem(name, f"the form has no field '{name}'") for name in given if name not in fields]
    for name, field in fields.items():
        value = given.get(name)
        value = field.default if value is None or value == "" else value
        if value is None:
            if form is not None and name in form.required:
                problems.append(_problem(name, "this is required"))
            continue
        fault = _fault(field, value)
        if fault is not None:
            problems.append(_problem(name, fault))
        answers[name] = value
    if problems:
        raise RequestError("What was filled in does not fit the form.", "data", problems)
    return answers


def read_texts(schema: JsonObject | None, texts: JsonObject) -> JsonObject:
    """Texts of an HTML form as the values that its fields stand for; what is none stays a text."""
    fields = Form.model_validate(schema).properties if schema is not None else {}
    given: JsonObject = {name: texts[name] for name in texts if name not in fields}
    for name, field in fields.items():
        text = texts.get(name)
        if field.type == "boolean":
            given[name] = text is not None  # a box that is not ticked is not sent
        elif isinstance(text, str) and text:
            given[name] = _number(text) if field.type in ("number", "integer") else text
    return given


def _number(text: str) -> JsonValue:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _fault(field: FormField, value: JsonValue) -> str | None:
    if field.type == "boolean":
        return None if isinstance(value, bool) else "this is true or false"
    if field.type in ("number", "integer"):
        return _number_fault(field, value)
    return _text_fault(field, value)


def _number_fault(field: FormField, value: JsonValue) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "this is a number"
    if field.type == "integer" and not float(value).is_integer():
        return "this is a whole number"
    if field.minimum is not None and value < field.minimum:
        return f"this is {field.minimum:g} at least"
    if field.maximum is not None and value > field.maximum:
        return f"this is {field.maximum:g} at most"
    return None


def _text_fault(field: FormField, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return "this is a text"
    if field.enum is not None and value not in field.enum:
        return f"this is one of {', '.join(field.enum)}"
    if not field.min_length <= len(value) <= field.max_length:
        return f"this has {field.min_length} to {field.max_length} characters"
    if field.format == "email" and not _EMAIL.fullmatch(value):
        return "this is an e-mail address"
    if field.format == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            return "this is a date such as 2030-01-31"
    return None


def _problem(name: str, message: str) -> Problem:
    return Problem("bad_answer", message, None, f"data.{name}")
