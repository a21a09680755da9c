"""Whatever a config holds: data, or ExpressionError."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ExpressionError
from engine.expression import FUNCTIONS, Scope, check_expressions, evaluate, find_references, resolve
from engine.expression.function import EXPREF_ARGUMENTS

NAMES = ["x", "y", "output", "rows", "a", "missing", "inputs", "item"]
SCOPE = Scope(
    results={
        "x": {
            "output": "text",
            "rows": [{"a": 1, "b": "z"}, {"a": None}, {"b": [1, 2]}],
            "a": {"b": {"a": 0}},
        },
        "y": {"output": [3, 1.5, 2], "a": "2024-05-31", "rows": []},
    },
    inputs={"a": "from inputs", "rows": [["p"], ["q", "r"], "s"]},
    node_ids=frozenset({"x", "y", "skipped"}),
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
TOKENS = """. [ ] [] [? [*] [0] [-1] [1:] { } ( ) , : @ & ! * | || && == != < >= - 1 ' " }} {{ \\ `1` `[1,2]`
    't' "a" length( sort_by( map( join( not_null( to_number( &a"""
tokens = st.sampled_from([*NAMES, *TOKENS.split(), " "])
STEPS = ["[0]", "[*]", "[]", "[?a]", "[1:]", "[::-1]", ".*", "[-1].a"]
OPERATORS = ["||", "&&", "==", "<", ">=", "!=", "|"]
OF_ONE = [name for name, spec in FUNCTIONS.items() if spec.least == 1]
OF_TWO = [name for name, spec in FUNCTIONS.items() if spec.least == 2 and name not in EXPREF_ARGUMENTS]
expressions = st.recursive(
    st.sampled_from([*NAMES, "`1`", "'t'", "`null`", "x.output", "x.rows", "y.output", "skipped"]),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, inner, st.sampled_from(NAMES)),
        st.builds("{}{}".format, inner, st.sampled_from(STEPS)),
        st.builds("{} {} {}".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("!{}".format, inner),
        st.builds("({})".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, b: {}}}".format, inner, inner),
        st.builds("{}({})".format, st.sampled_from(OF_ONE), inner),
        st.builds("{}({}, {})".format, st.sampled_from(OF_TWO), inner, inner),
        st.builds("sort_by({}, &{})".format, inner, inner),
        st.builds("map(&{}, {})".format, inner, inner),
    ),
    max_leaves=6,
)


def hold(value: object) -> None:
    """Resolve: JSON, or ExpressionError; and what is resolved had no mistake to find before."""
    problems = check_expressions(value)
    find_references(value)
    try:
        found = resolve(value, SCOPE)
    except ExpressionError:
        return
    assert problems == ()
    json.dumps(found, allow_nan=False)


@given(st.text(alphabet=st.characters() | st.sampled_from(list("{}\\'\"`[](). ")), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_data_or_an_expression_error(text: str) -> None:
    hold(text)
    hold("{{" + text + "}}")


@given(st.lists(tokens, max_size=14))
@settings(max_examples=300, deadline=None)
def test_any_tokens_give_data_or_an_expression_error(parts: list[str]) -> None:
    hold("{{" + "".join(parts) + "}}")
    hold("a {{" + " ".join(parts) + "}} b")


@given(expressions)
@settings(max_examples=300, deadline=None)
def test_any_expression_gives_data_or_an_expression_error(expression: str) -> None:
    hold("{{ " + expression + " }}")


@given(expressions, json_values)
@settings(max_examples=150, deadline=None)
def test_any_expression_of_a_value_gives_data_or_an_expression_error(expression: str, value: object) -> None:
    try:
        json.dumps(evaluate(expression, value), allow_nan=False)
    except ExpressionError as error:
        assert error.expression == expression  # noqa: PT017 - data is as good as an error


@given(json_values)
def test_a_config_without_expressions_is_returned_unchanged(value: object) -> None:
    if "{{" not in json.dumps(value, ensure_ascii=False):
        assert resolve(value, SCOPE) == value


@given(json_values)
def test_a_single_expression_keeps_every_json_value(value: object) -> None:
    found = resolve({"a": "{{ x.output }}"}, Scope(results={"x": {"output": value}}))
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


@given(json_values)
def test_json_written_and_read_again_is_the_same(value: object) -> None:
    assert resolve("{{ parse_json(to_json(v)) == v }}", Scope(inputs={"v": value})) is True


@given(st.text())
def test_plain_text_around_an_expression_stays(text: str) -> None:
    plain = text.replace("{{", "").rstrip("\\").rstrip("{")
    assert resolve(plain + " {{ a }} " + plain, SCOPE) == plain + " from inputs " + plain


@given(st.text(max_size=30))
def test_escaped_text_is_given_back(text: str) -> None:
    escaped = text.replace("{", "").replace("\\", "")
    assert resolve("\\{{" + escaped, SCOPE) == "{{" + escaped


def test_the_scope_of_these_tests_is_used() -> None:
    assert resolve("{{ rows[] }}", SCOPE) == ["p", "q", "r", "s"]
    with pytest.raises(ExpressionError):
        resolve("{{ missing }}", SCOPE)
