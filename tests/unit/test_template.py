"""Templates: variables with places in a document that runs without them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.errors import RequestError
from engine.node import MISSING
from engine.template import Template

DOCUMENT: dict[str, Any] = {
    "name": "Digest",
    "nodes": [
        {"id": "url", "type": "input", "config": {"name": "url", "required": True}},
        {"id": "ask", "type": "llm", "config": {"prompt": "Hello", "max_tokens": 5, "images": []}},
        {"id": "tell", "type": "llm", "config": {"prompt": "Bye", "max_tokens": 5}},
    ],
}


def variable(name: str, *places: str, **more: Any) -> dict[str, Any]:
    spelled = [{"node": place.split(".")[0], "path": place.split(".")[1:]} for place in places]
    return {"name": name, "title": name, "description": name, "places": spelled} | more


VARIABLES = (
    variable("url", "url.config.default", required=True),
    variable(
        "length", "ask.config.max_tokens", "tell.config.max_tokens", type="integer", minimum=1, maximum=9
    ),
    variable("greeting", "ask.config.prompt", choices=["Hello", "Hi"]),
    variable("pictures", "ask.config.images", type="array"),
    variable("key", "ask.config.credential", type="credential"),
)


def template(*variables: dict[str, Any]) -> Template:
    fields = {"name": "digest", "category": "x", "workflow": DOCUMENT, "variables": variables}
    return Template.model_validate(fields)


def test_a_template_without_required_variables_is_its_document() -> None:
    assert template(*VARIABLES[1:]).fill({}) == DOCUMENT


def test_values_go_to_all_places_of_their_variable_and_nowhere_else() -> None:
    given = {"url": "https://x.test", "length": 7, "greeting": "Hi", "pictures": ["p"], "key": "models"}
    filled = template(*VARIABLES).fill(given, "Mine")
    assert filled == {
        "name": "Mine",
        "nodes": [
            {
                "id": "url",
                "type": "input",
                "config": DOCUMENT["nodes"][0]["config"] | {"default": "https://x.test"},
            },
            {
                "id": "ask",
                "type": "llm",
                "config": {"prompt": "Hi", "max_tokens": 7, "images": ["p"], "credential": "models"},
            },
            {"id": "tell", "type": "llm", "config": {"prompt": "Bye", "max_tokens": 7}},
        ],
    }
    assert template(*VARIABLES).workflow.as_document() == DOCUMENT


def test_null_is_no_value() -> None:
    assert template(*VARIABLES[1:]).fill({"length": None, "key": None}) == DOCUMENT


def test_defaults_are_what_stands_there() -> None:
    found = template(*VARIABLES)
    assert [found.default(each) for each in found.variables] == [MISSING, 5, "Hello", [], MISSING]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "variable 'url' is required; give it a string"),
        ({"url": 5}, "variable 'url' must be a string, and is a number"),
        ({"url": "x" * 10_001}, "variable 'url' has more than 10,000 characters"),
        ({"url": "u", "length": True}, "variable 'length' must be an integer, and is a boolean"),
        ({"url": "u", "length": 0}, "variable 'length' must be at least 1"),
        ({"url": "u", "length": 10}, "variable 'length' must be at most 9"),
        ({"url": "u", "greeting": "Yo"}, "variable 'greeting' must be one of: 'Hello', 'Hi'"),
        ({"url": "u", "pictures": {}}, "variable 'pictures' must be an array, and is an object"),
        ({"url": "u", "key": "a b"}, "variable 'key' must be the name of a credential"),
        ({"url": "u", "lenght": 1}, "there is no variable 'lenght': did you mean 'length'?"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_cure(values: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        template(*VARIABLES).fill(values)
    (problem,) = caught.value.problems
    assert problem.message == told


def test_all_problems_are_told_together() -> None:
    with pytest.raises(RequestError) as caught:
        template(*VARIABLES).fill({"x": 1, "length": 0})
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["variables.x", "variables.url", "variables.length"]


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ([variable("a", "none.config.x")], "there is no node 'none'"),
        ([variable("a", "ask.config.prompt.x")], "has no field"),
        ([variable("a", "ask.more.x", required=True)], "has no field"),
        ([variable("a", "ask.config.x")], "has no default and is not required"),
        ([variable("a", "ask.config.max_tokens")], "the default of variable 'a' must be a string"),
        ([variable("a", "ask.config.prompt", "tell.config.prompt")], "hold different values"),
        ([variable("a", "ask.config.prompt")] * 2, "two variables have the same name"),
    ],
)
def test_a_template_whose_variables_do_not_fit_its_document_is_refused(
    variables: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        template(*variables)
