"""What pydantic finds is told in JSON's words, without a pattern and without a name of Python's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.wording import Wording, say, say_all


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    x: int


class Kind(BaseModel):
    type: Literal["a"]


class OtherKind(BaseModel):
    type: Literal["b"]


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    mapping: dict[str, int] = {}
    entries: tuple[int, ...] = Field((1,), min_length=1, max_length=2)
    text: str = Field("a", min_length=1, max_length=3)
    whole: int = Field(1, ge=1, le=5)
    number: float = Field(1, gt=0, lt=9)
    flag: bool = False
    choice: Literal["a", "b"] = "a"
    inner: Inner | None = None
    at: datetime | None = None
    nothing: None = None
    kind: Annotated[Kind | OtherKind, Field(discriminator="type")] | None = None
    size: Annotated[str, Field(pattern=r"^\d+x\d+$"), Wording("must be a size such as 2x3")] = "1x1"
    bare: str = Field("1", pattern=r"^\d$")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("mapping", [], "must be an object, not an array"),
        ("inner", "x", "must be an object, not a string"),
        ("inner", {"y": 1}, "is required; add it"),
        ("inner", {"x": 1, "y": 1}, "there is no such field; remove it"),
        ("entries", 5, "must be an array, not a number"),
        ("entries", [], "must have at least 1 entry"),
        ("entries", [1, 2, 3], "must have at most 2 entries"),
        ("entries", [1.5], "must be a whole number"),
        ("text", None, "must be a string, not null"),
        ("text", "", "must have at least 1 character"),
        ("text", "abcd", "must have at most 3 characters"),
        ("whole", "x", "must be a whole number"),
        ("whole", [], "must be a whole number, not an array"),
        ("whole", 0, "must be 1 or more"),
        ("whole", 6, "must be 5 or less"),
        ("number", "x", "must be a number"),
        ("number", 0, "must be more than 0"),
        ("number", 9, "must be less than 9"),
        ("number", float("nan"), "must be a finite number"),
        ("flag", "perhaps", "must be true or false"),
        ("choice", "c", "must be 'a' or 'b'"),
        ("at", "tomorrow", "must be a time such as 2026-01-31T12:00:00Z"),
        ("nothing", 1, "must be null, not a number"),
        ("kind", {}, "must have 'type', which says what kind it is"),
        ("kind", {"type": "c"}, "'c' is no type; there is 'a', 'b'"),
        ("size", "big", "must be a size such as 2x3"),
        ("size", 5, "must be a size such as 2x3"),
        ("bare", "x", "does not have the form of its schema (^\\d$)"),
    ],
)
def test_every_kind_of_error_has_words(field: str, value: Any, told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Everything.model_validate({field: value})
    assert say(raised.value.errors()[0]) == told


def test_a_field_with_words_keeps_its_schema_and_what_fits() -> None:
    assert Everything(size="2x3").size == "2x3"
    schema = Everything.model_json_schema()["properties"]["size"]
    assert (schema["type"], schema["pattern"]) == ("string", r"^\d+x\d+$")


def test_all_errors_stand_in_one_line_with_their_places() -> None:
    with pytest.raises(ValidationError) as raised:
        Everything.model_validate({"whole": 0, "inner": {"x": "y"}})
    assert say_all(raised.value.errors()) == "whole: must be 1 or more; inner.x: must be a whole number"
