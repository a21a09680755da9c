from __future__ import annotations

import pytest

from engine.expression import Reference, check_expressions, find_references


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("draft.output", ["draft"]),
        ("topic", ["topic"]),
        ("a.b.c || d[0].e", ["a", "d"]),
        ("a.output[?price > limit].name", ["a"]),
        ("a.output[*].b", ["a"]),
        ("{x: a.output, y: b}", ["a", "b"]),
        ("a.output | length(@)", ["a"]),
        ("a.output | b", ["a"]),
        ("join(sep, a.output[*].name)", ["sep", "a"]),
        ("sort_by(a.output, &price)", ["a"]),
        ("a.{b: c, d: e}", ["a"]),
        ("a && !b && c == d", ["a", "b", "c", "d"]),
        ("a.output && a.other", ["a"]),
        ("item.id", ["item"]),
        ('"quoted"', ["quoted"]),
        ("`[1]`", []),
    ],
)
def test_names_that_are_looked_up_in_the_scope(expression: str, names: list[str]) -> None:
    found = find_references({"p": f"{{{{ {expression} }}}}"})
    assert found == tuple(Reference("config.p", expression, name) for name in names)


def test_references_have_their_field() -> None:
    value = {"a": ["x", {"b": "{{ one }} and {{ two.output }}"}], "c": "{{ three }}"}
    assert find_references(value) == (
        Reference("config.a[1].b", "one", "one"),
        Reference("config.a[1].b", "two.output", "two"),
        Reference("config.c", "three", "three"),
    )
    assert find_references("{{ rows }}", field="for_each.items") == (
        Reference("for_each.items", "rows", "rows"),
    )


def test_what_is_no_expression_has_no_references() -> None:
    assert find_references({"a": "{{ ((( }}", "b": "{{ open", "c": "\\{{ x }}", "d": 5}) == ()


def test_skipped_fields_are_not_looked_at() -> None:
    value = {"code": "{{ bad", "prompt": "{{ topic }}"}
    assert find_references(value, skip=("code",)) == (Reference("config.prompt", "topic", "topic"),)
    assert check_expressions(value, skip=("code",)) == ()


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("a.", "the expression ends too early"),
        ("a b", "'b' at character 3 is not expected there"),
        ("a ? b", "at character 3: Unknown token ?"),
        ("`foo`", "at character 1: `foo` is no JSON; write a text as 'foo', in quotes"),
        ("`NaN`", "at character 1: `NaN` is no JSON"),
        ("`1e999`", "a literal number is too large"),
        ("uper(a)", "there is no function 'uper'; did you mean 'upper'?"),
        ("upper()", "upper() takes 1 arguments, not 0"),
        ("substring(a)", "substring() takes 2 to 3 arguments, not 1"),
        ("not_null()", "not_null() takes at least 1 arguments, not 0"),
        ("map(a, b)", "argument 1 of map() must begin with '&', as in '&price'"),
        ("sort_by(&a, b)", "argument 2 of sort_by() must begin with '&'"),
        ("&a", "'&' makes an argument for map"),
        ("to_string(&a)", "'&' makes an argument for map"),
        ("[&a]", "'&' makes an argument for map"),
        ("a | &b", "'&' makes an argument for map"),
        ("@", "'@', '*' and '[…]' stand for nothing at the start of an expression"),
        ("@.draft", "'@', '*' and '[…]' stand for nothing"),
        ("*", "'@', '*' and '[…]' stand for nothing"),
        ("[0]", "'@', '*' and '[…]' stand for nothing"),
        ("[?a]", "'@', '*' and '[…]' stand for nothing"),
        ("keys(@)", "'@', '*' and '[…]' stand for nothing"),
        ("map(&a, @)", "'@', '*' and '[…]' stand for nothing"),
        ("a[::0]", "the step of a slice must not be 0"),
        ("(" * 30 + "a" + ")" * 30, "the expression is nested deeper than 24 levels"),
        (" || ".join(["a"] * 80), "the expression is a chain of more than 64 steps"),
        ("a-b", "at character 2: Unknown token '-'"),
    ],
)
def test_mistakes_are_found_without_data(expression: str, said: str) -> None:
    problems = check_expressions({"p": f"x {{{{ {expression} }}}}"})
    assert [(field, found) for field, found, _ in problems] == [("config.p", expression)]
    assert problems[0][2].startswith(said)


def test_all_mistakes_are_reported_together() -> None:
    problems = check_expressions({"a": "{{ b. }} {{ ok }} {{ c. }}", "d": ["{{ open"], "e": "{{ fine }}"})
    assert [(field, expression) for field, expression, _ in problems] == [
        ("config.a", "b."),
        ("config.a", "c."),
        ("config.d[0]", "{{ open"),
    ]


def test_more_expressions_than_a_config_may_hold() -> None:
    assert check_expressions(["{{ a }}"] * 1_000) == ()
    assert check_expressions(["{{ a }}"] * 1_001) == (
        ("config", "", "the config holds more than 1,000 expressions; split the work over nodes"),
    )


def test_a_config_that_is_nested_too_deep() -> None:
    value: object = "{{ a }}"
    for _ in range(100_000):
        value = [value]
    ((field, _, message),) = check_expressions(value)
    assert field == "config" + "[0]" * 64
    assert message == "the config is nested deeper than 64 levels; build deep values in a node"
    assert find_references(value) == ()
