from __future__ import annotations

from typing import Any

import pytest

from engine.errors import RequestError
from engine.form import form_problems, read_answers, read_texts

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "minimum": 1, "maximum": 10},
        "count": {"type": "integer", "default": 2},
        "kind": {"enum": ["a", "b"]},
        "mail": {"format": "email"},
        "day": {"format": "date"},
        "words": {"minLength": 2, "maxLength": 4},
        "sure": {"type": "boolean"},
    },
    "required": ["amount"],
}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({}, "properties"),
        ({"properties": {}}, "properties"),
        ({"properties": {"a b": {}}}, "properties.a b"),
        ({"properties": {"a": {"type": "object"}}}, "properties.a.type"),
        ({"properties": {"a": {"pattern": "(a+)+"}}}, "properties.a.pattern"),
        ({"type": "array", "properties": {"a": {}}}, "type"),
        ({"properties": {"a": {}}, "required": ["a", "b"]}, "required.1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(schema: dict[str, Any], place: str) -> None:
    assert [found for found, _ in form_problems(schema)] == [place]


def test_what_can_be_drawn_is_no_problem() -> None:
    assert form_problems(FORM) == []


def test_defaults_are_filled_in_and_what_is_missing_is_left_out() -> None:
    assert read_answers(FORM, {"amount": 3, "kind": ""}) == {"amount": 3, "count": 2}
    assert read_answers(None, {}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", 0),
        ("amount", 11),
        ("amount", "3"),
        ("amount", True),
        ("amount", float("nan")),
        ("count", 1.5),
        ("kind", "c"),
        ("kind", ["a"]),
        ("mail", "nobody"),
        ("day", "2030-02-30"),
        ("words", "x"),
        ("words", "xxxxx"),
        ("sure", "yes"),
        ("more", 1),
    ],
)
def test_what_does_not_fit_is_told_by_field(name: str, value: object) -> None:
    with pytest.raises(RequestError) as refused:
        read_answers(FORM, {"amount": 3, name: value})
    assert [problem.field for problem in refused.value.problems] == [f"data.{name}"]


def test_what_is_required_is_asked_for() -> None:
    with pytest.raises(RequestError) as refused:
        read_answers(FORM, {})
    assert [(p.field, p.message) for p in refused.value.problems] == [("data.amount", "this is required")]


def test_without_a_form_nothing_is_taken() -> None:
    with pytest.raises(RequestError):
        read_answers(None, {"a": 1})


def test_texts_of_a_page_become_values() -> None:
    texts = {"amount": "2.5", "count": "7", "kind": "", "words": "12", "sure": "true", "more": "x"}
    assert read_texts(FORM, texts) == {"amount": 2.5, "count": 7, "words": "12", "sure": True, "more": "x"}
    assert read_texts(FORM, {"amount": "much"}) == {"amount": "much", "sure": False}
