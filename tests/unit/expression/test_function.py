from __future__ import annotations

import json

import pytest

from engine.errors import ExpressionError
from engine.expression import FUNCTIONS, Scope, resolve

BIG = 2**62


def give(expression: str, **inputs: object) -> object:
    return resolve(f"{{{{ {expression} }}}}", Scope(inputs=inputs))


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("upper(v)", "straße", "STRASSE"),
        ("lower(v)", "ÄB", "äb"),
        ("capitalize(v)", "hello World", "Hello World"),
        ("capitalize(v)", "", ""),
        ("trim(v)", " \n a b\t", "a b"),
        ("split(v, ',')", "a,b,,c", ["a", "b", "", "c"]),
        ("split(v, '')", "abc", ["a", "b", "c"]),
        ("split(v, ',')", "", [""]),
        ("join('-', v)", ["a", "b"], "a-b"),
        ("join('-', v)", [], ""),
        ("replace(v, 'a', '{0}')", "banana", "b{0}n{0}n{0}"),
        ("replace(v, '.', '')", "1.000.000", "1000000"),
        ("substring(v, `1`)", "hello", "ello"),
        ("substring(v, `1`, `3`)", "hello", "el"),
        ("substring(v, `-2`)", "hello", "lo"),
        ("substring(v, `9`)", "hello", ""),
        ("to_string(v)", {"a": [1, None]}, '{"a":[1,null]}'),
        ("to_string(v)", "as is", "as is"),
        ("to_json(v)", "as is", '"as is"'),
        ("to_json(v)", "ü", '"ü"'),
        ("parse_json(v)", '{"a": [1.5, true]}', {"a": [1.5, True]}),
        ("parse_json(v).a[0]", '{"a": [7]}', 7),
        ("url_encode(v)", "a b/c&d=ü", "a%20b%2Fc%26d%3D%C3%BC"),
        ("base64_encode(v)", "hü", "aMO8"),
        ("base64_decode(v)", "aMO8", "hü"),
        ("format_date(v, '%d.%m.%Y %H:%M:%S')", "2024-05-31T12:30:05Z", "31.05.2024 12:30:05"),
        ("format_date(v, '%Y %% %j %y %I %p')", "0987-01-02", "0987 % 002 87 12 AM"),
        ("starts_with(v, 'he')", "hello", True),
        ("ends_with(v, 'he')", "hello", False),
        ("contains(v, 'ell')", "hello", True),
        ("contains(v, `1`)", [True, "1"], False),
        ("contains(v, `1`)", [1.0], True),
        ('contains(v, `{"a": 1}`)', [{"a": 1}], True),
        ("reverse(v)", "abc", "cba"),
        ("reverse(v)", [1, 2], [2, 1]),
        ("length(v)", "äöü", 3),
        ("keys(v)", {"b": 1, "a": 2}, ["b", "a"]),
        ("values(v)", {"b": 1, "a": 2}, [1, 2]),
        ('merge(v, `{"b": 3}`)', {"a": 1, "b": 2}, {"a": 1, "b": 3}),
        ("to_object(v, [`1`, `2`])", ["a", "b"], {"a": 1, "b": 2}),
        ("merge_items(v, [`1`, `2`, `3`])", [None, 0, False], [1, 0, False]),
        ("merge_items(v, v, [`1`])", [None], [1]),
        ("first(v)", [3, 4], 3),
        ("last(v)", [3, 4], 4),
        ("first(v)", [], None),
        ("last(v)", [], None),
        ("unique(v)", [1, 1.0, True, "1", {"a": 1}, {"a": 1}], [1, 1.0, True, "1", {"a": 1}]),
        ("range(v)", 3, [0, 1, 2]),
        ("range(v, `5`)", 3, [3, 4]),
        ("range(v)", -3, []),
        ("add(v, `2`)", 1, 3),
        ("add(v, `0.5`)", 1, 1.5),
        ("subtract(v, `2`)", 1, -1),
        ("multiply(v, `3`)", 4, 12),
        ("divide(v, `2`)", 6, 3),
        ("divide(v, `4`)", 6, 1.5),
        ("modulo(v, `3`)", 7, 1),
        ("modulo(v, `3`)", -7, 2),
        ("round(v)", 2.5, 3),
        ("round(v)", -2.5, -3),
        ("round(v, `2`)", 1.005, 1.01),
        ("round(v, `1`)", 7, 7),
        ("round(v)", 1e300, 1e300),
        ("abs(v)", -3, 3),
        ("ceil(v)", 1.2, 2),
        ("floor(v)", -1.2, -2),
        ("sum(v)", [1, 2.5], 3.5),
        ("sum(v)", [], 0),
        ("avg(v)", [1, 2], 1.5),
        ("avg(v)", [], None),
        ("max(v)", ["a", "c", "b"], "c"),
        ("min(v)", [], None),
        ("sort(v)", [3, 1, 2], [1, 2, 3]),
        ("max_by(v, &n)", [{"n": 1}, {"n": 3}], {"n": 3}),
        ("min_by(v, &n)", [], None),
        ("sort_by(v, &n)[*].n", [{"n": "b"}, {"n": "a"}], ["a", "b"]),
        ("to_number(v)", "12", 12),
        ("to_number(v)", " -1.5e3 ", -1500.0),
        ("to_number(v)", 7, 7),
        ("to_number(v)", "1_000", None),
        ("to_number(v)", "inf", None),
        ("to_number(v)", "0x10", None),
        ("to_number(v)", "٣", None),
        ("to_number(v)", True, None),
        ("to_array(v)", 5, [5]),
        ("type(v)", None, "null"),
        ("type(v)", {}, "object"),
        ("default(v, 'x')", None, "x"),
        ("default(v, 'x')", "", ""),
        ("exists(v)", False, True),
        ("not_null(v, 'x')", None, "x"),
    ],
)
def test_a_function_gives(expression: str, value: object, expected: object) -> None:
    found = give(expression, v=value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "value", "said"),
    [
        ("upper(v)", 5, "upper() takes a string, and was given a number"),
        ("upper(v)", None, "upper() takes a string, and was given null"),
        (
            "join(',', v)",
            [1, "a"],
            "argument 2 of join() takes an array of strings, and was given an array with a number and",
        ),
        (
            "sum(v)",
            [1, True],
            "sum() takes an array of numbers, and was given an array with a number and a boolean in it",
        ),
        ("max(v)", [1, "a"], "max() takes an array of numbers or an array of strings"),
        ("length(v)", 5, "length() takes a string or an array or an object"),
        ("add(v, `1`)", "1", "argument 1 of add() takes a number, and was given a string"),
        ("divide(v, `0`)", 1, "divide(): a division by zero; test the divisor first"),
        ("modulo(v, `0`)", 1, "modulo(): a division by zero"),
        ("multiply(v, v)", BIG, "multiply(): the result is a whole number of more than 64 bits"),
        ("multiply(v, v)", 1e200, "multiply(): the result is no number that JSON can spell"),
        ("divide(v, `0.1`)", 10**400, "divide(): int too large to convert to float"),
        ("avg(v)", [10**400], "avg(): "),
        ("round(v, `0.5`)", 1.5, "round(): digits must be a whole number from 0 to 15"),
        ("substring(v, `0.5`)", "a", "substring(): start must be a whole number"),
        ("replace(v, '', 'x')", "a", "replace(): the text to replace is empty"),
        ("parse_json(v)", "{", "parse_json(): this is no JSON: Expecting property name"),
        ("parse_json(v)", "NaN", "parse_json(): this is no JSON: NaN is no JSON"),
        ("parse_json(v)", "[" * 100_000, "parse_json(): the JSON is nested too deep"),
        ("parse_json(v)", "1" * 5_000, "parse_json(): "),
        ("parse_json(v)", "1e999", "it makes a number that JSON cannot spell"),
        ("base64_decode(v)", "a", "base64_decode(): this is no base64 of a UTF-8 text"),
        ("base64_decode(v)", "/w==", "base64_decode(): this is no base64 of a UTF-8 text"),
        ("url_encode(v)", "\ud800", "url_encode(): the text holds half a character"),
        ("format_date(v, '%Y')", "yesterday", "format_date(): 'yesterday' is no ISO 8601 date"),
        ("format_date(v, '%Z')", "2024-05-31", "format_date(): the form may hold %Y %m %d"),
        ("format_date(v, '%')", "2024-05-31", "format_date(): the form may hold %Y %m %d"),
        ("contains(v, `1`)", "1", "contains(): a text contains texts alone"),
        ("range(v)", 10_001, "range(): it makes more than 10,000 elements"),
        ("range(v)", 1e300, "range(): it makes more than 10,000 elements"),
        ("to_object(v, [`1`])", [], "to_object(): there are 0 names and 1 values"),
        ("merge_items(v, [`1`])", [], "merge_items(): the lists are not of the same length"),
        (
            "sort_by(v, &n)",
            [{"n": 1}, {"n": "a"}],
            "sort_by(): the expression gives a number and a string, which have no order",
        ),
        ("max_by(v, &n)", [{"n": 1}, {}], "max_by(): the expression gives a number and null"),
        ("sort_by(v, &@)", [[1]], "sort_by(): the expression gives an array, not a number or a string"),
    ],
)
def test_a_function_refuses(expression: str, value: object, said: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        give(expression, v=value)
    assert str(raised.value).startswith(f"config: '{{{{ {expression} }}}}': {said}")


def test_every_function_says_what_it_does() -> None:
    assert {name for name, spec in FUNCTIONS.items() if not spec.description.startswith(f"{name}(")} == set()


def test_the_set_of_functions_is_closed() -> None:
    assert " ".join(FUNCTIONS) == (
        "abs add avg base64_decode base64_encode capitalize ceil contains default divide ends_with exists "
        "first floor format_date join keys last length lower map max max_by merge merge_items min min_by "
        "modulo multiply not_null parse_json range replace reverse round sort sort_by split starts_with "
        "substring subtract sum to_array to_json to_number to_object to_string trim type unique upper "
        "url_encode values"
    )


def test_a_type_that_does_not_fit_is_named_without_its_value() -> None:
    with pytest.raises(ExpressionError) as raised:
        give("add(v, `1`)", v="top secret")
    assert "secret" not in json.dumps(str(raised.value))
