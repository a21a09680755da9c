from __future__ import annotations

import pytest

from engine.errors import ExpressionError
from engine.expression import Scope, resolve

SCOPE = Scope(results={"x": {"output": "hi", "n": 3, "none": None, "yes": True, "list": [1, {"a": "ü"}]}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no expression", "no expression"),
        ("a single { brace } and }} alone", "a single { brace } and }} alone"),
        ("", ""),
        ("\\n \\ \\\\ backslashes stay", "\\n \\ \\\\ backslashes stay"),
        ("{{x.output}}", "hi"),
        ("{{ x.n }}", 3),
        ("{{ x.yes }}", True),
        ("{{ x.none }}", None),
        ("{{x.list}}", [1, {"a": "ü"}]),
        (" {{ x.n }}", " 3"),
        ("{{ x.n }}\n", "3\n"),
        ("{{x.n}}{{x.n}}", "33"),
        ("a {{x.none}} b", "a  b"),
        ("is {{x.yes}}", "is true"),
        ("list: {{x.list}}", 'list: [1,{"a":"ü"}]'),
        ("{{ {a: x.output, b: x.n} }}", {"a": "hi", "b": 3}),
        ("{{{a: x.output}}}", {"a": "hi"}),
        ("{{ {a: {b: x.n}} }}", {"a": {"b": 3}}),
        ("{{{a: {b: x.n}}}}", {"a": {"b": 3}}),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }}", "{{"),
        ("{{ 'it\\'s }} here' }}", "it's }} here"),
        ('{{ x."output" }}', "hi"),
        ('{{ `{"a": "}}"}` }}', {"a": "}}"}),
        ("{{ `[1, 2]` }} and {{ '}' }}", "[1,2] and }"),
        ("{{\n  x.output\n}}", "hi"),
        ("\\{{ x.output }}", "{{ x.output }}"),
        ("\\\\{{ x.output }}", "\\hi"),
        ("\\\\\\{{ x.output }}", "\\{{ x.output }}"),
        ("C:\\dir\\\\{{x.output}}", "C:\\dir\\hi"),
        ("\\{{ a }} {{x.n}} \\{{ b }}", "{{ a }} 3 {{ b }}"),
    ],
)
def test_a_text_resolves_to(text: str, expected: object) -> None:
    found = resolve(text, SCOPE)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ x.output", "config: '{{ x.output' is not closed; close it with '}}', or write '\\{{'"),
        ("a {{", "config: '{{' is not closed"),
        ("{{ it's }}", "opens a quote ' that is not closed"),
        ("{{ {a: x.output }}", "is not closed"),
        ("{{}}", "the expression is empty"),
        ("{{   }}", "the expression is empty"),
        ("{{" + "a" * 5_000 + "}}", "does not end within 4,096 characters"),
    ],
)
def test_a_text_whose_expression_does_not_end_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        resolve(text, SCOPE)
    assert said in str(raised.value)


def test_what_an_expression_gives_is_not_read_again() -> None:
    scope = Scope(inputs={"topic": "{{ execution.id }}"}, execution={"id": "secret"})
    assert resolve("{{ topic }} {{ topic }}", scope) == "{{ execution.id }} {{ execution.id }}"


def test_names_in_objects_are_not_resolved() -> None:
    assert resolve({"{{x.output}}": "{{x.output}}"}, SCOPE) == {"{{x.output}}": "hi"}
