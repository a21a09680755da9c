from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.operators import OperandError, OperatorName, compare

DAY, LATER = "2024-05-31", "2024-06-01T00:00:00+02:00"
TRUE = [
    ("a", "equals", "a"),
    (1, "equals", 1.0),
    (None, "equals", None),
    ({"a": [1]}, "equals", {"a": [1.0]}),
    (1, "not_equals", 2),
    (None, "not_equals", 1),
    ("a", "not_equals", None),
    ([1], "not_equals", [True]),
    (2, "greater", 1.5),
    (2, "greater_or_equal", 2),
    (1, "less", 2),
    (2, "less_or_equal", 2.0),
    (2, "between", [2, 3]),
    (3, "between", [2, 3]),
    ("abc", "contains", "bc"),
    ([1, "a"], "contains", 1.0),
    ([None], "contains", None),
    ({"a": None}, "contains", "a"),
    ([1], "not_contains", True),
    ([1], "not_contains", "1"),
    ("abc", "starts_with", "ab"),
    ("abc", "ends_with", "bc"),
    ("abc", "ends_with", ""),
    ("order 17", "matches", r"^order \d+$"),
    ("a", "in", ["a", 1]),
    (None, "in", [None]),
    ("1", "not_in", [1]),
    (0, "exists", None),
    ("", "exists", None),
    (None, "not_exists", None),
    (None, "empty", None),
    ("", "empty", None),
    ([], "empty", None),
    ({}, "empty", None),
    (" ", "not_empty", None),
    ([None], "not_empty", None),
    (True, "is_true", None),
    (False, "is_false", None),
    (5, "type_is", "integer"),
    (5, "type_is", "number"),
    (5.5, "type_is", "number"),
    (True, "type_is", "boolean"),
    (None, "type_is", "null"),
    ("äö", "length_equals", 2),
    ([1, 2], "length_greater", 1),
    ({"a": 1}, "length_less", 2),
    (DAY, "before", LATER),
    (LATER, "after", DAY),
    ("2024-05-31T12:00:00Z", "after", "2024-05-31T13:00:00+02:00"),
]
FALSE = [
    ("a", "equals", "A"),
    (None, "equals", 0),
    ({"a": 1}, "equals", {"a": True}),
    (1, "not_equals", 1.0),
    (2, "greater", 2),
    (2, "less", 2),
    (4, "between", [2, 3]),
    ([1], "contains", True),
    ("abc", "not_contains", "b"),
    ("abc", "starts_with", "b"),
    ("abc", "matches", "^b"),
    (1, "in", [True, "1"]),
    (None, "exists", None),
    (" ", "empty", None),
    (False, "is_true", None),
    (True, "is_false", None),
    (True, "type_is", "integer"),
    (5.0, "type_is", "integer"),
    ("a", "length_greater", 1),
    (DAY, "before", DAY),
    (DAY, "after", "2024-05-31T00:00:00Z"),
]
REFUSED = [
    (1, "equals", "1", "right", "compares a number with a string, which are never equal; convert one"),
    (True, "not_equals", 1, "right", "compares a boolean with a number, which are never equal"),
    (
        "2",
        "greater",
        1,
        "left",
        "takes a number on the left, and was given a string; convert it",
    ),
    (2, "greater", "1", "right", "takes a number on the right, and was given a string"),
    (None, "less", 1, "left", "takes a number on the left, and was given null"),
    (True, "less", 1, "left", "takes a number on the left, and was given a boolean"),
    (2, "between", 3, "right", "takes a list of two numbers on the right, the lowest and the highest"),
    (2, "between", [1, "3"], "right", "takes a number on the right, and was given a string"),
    (5, "contains", 5, "left", "takes a string, an array or an object on the left, and was given"),
    (
        "5",
        "contains",
        5,
        "right",
        "takes a string on the right, and was given a number; convert it",
    ),
    (
        None,
        "not_contains",
        "a",
        "left",
        "takes a string, an array or an object on the left, and was",
    ),
    (5, "starts_with", "5", "left", "takes a string on the left, and was given a number"),
    ("a", "in", "abc", "right", "takes an array on the right, and was given a string"),
    (
        0,
        "empty",
        None,
        "left",
        "takes a string, an array, an object or null on the left, and was",
    ),
    (
        1,
        "is_true",
        None,
        "left",
        "takes a boolean on the left, and was given a number; compare it",
    ),
    (None, "is_false", None, "left", "takes a boolean on the left, and was given null"),
    (1, "type_is", "int", "right", "takes one of string, integer, number, boolean, object, array, null"),
    (1, "type_is", ["integer"], "right", "takes one of string, integer"),
    (
        5,
        "length_equals",
        1,
        "left",
        "takes a string, an array or an object on the left, and was given",
    ),
    ("a", "length_less", "2", "right", "takes a number on the right, and was given a string"),
    ("soon", "before", DAY, "left", "cannot compare: 'soon' is no ISO 8601 date"),
    (DAY, "after", 5, "right", "takes a string on the right, and was given a number"),
    (5, "matches", "a", "left", "takes a string on the left, and was given a number"),
    ("a", "matches", "(", "right", "the pattern is not understood at character 2"),
    ("a", "matches", None, "right", "takes a string on the right, and was given null"),
]


@pytest.mark.parametrize(("left", "operator", "right"), TRUE)
def test_a_comparison_holds(left: object, operator: str, right: object) -> None:
    assert compare(left, operator, right) is True


@pytest.mark.parametrize(("left", "operator", "right"), FALSE)
def test_a_comparison_does_not_hold(left: object, operator: str, right: object) -> None:
    assert compare(left, operator, right) is False


@pytest.mark.parametrize(("left", "operator", "right", "side", "said"), REFUSED)
def test_types_that_do_not_fit_are_refused(
    left: object, operator: str, right: object, side: str, said: str
) -> None:
    with pytest.raises(OperandError) as raised:
        compare(left, operator, right)
    assert str(raised.value).startswith(said)
    assert raised.value.side == side


def test_every_operator_is_tried_here() -> None:
    assert {operator for _, operator, _ in TRUE} == set(get_args(OperatorName))


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        ("STRASSE", "equals", "straße"),
        ("Hello", "contains", "LL"),
        ("Hello", "starts_with", "hE"),
        ("a", "in", ["A"]),
        (["A"], "contains", "a"),
        ("Hello", "matches", "^hello$"),
        (5, "equals", 5),
    ],
)
def test_case_is_ignored_when_asked(left: object, operator: str, right: object) -> None:
    assert compare(left, operator, right, ignore_case=True) is True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)  # the machine may be busy
@given(json_values, st.sampled_from(get_args(OperatorName)), json_values, st.booleans())
def test_any_operands_give_an_answer_or_an_operand_error(
    left: object, operator: str, right: object, ignore_case: bool
) -> None:
    try:
        assert isinstance(compare(left, operator, right, ignore_case=ignore_case), bool)
    except OperandError as error:
        assert error.side in ("left", "right")  # noqa: PT017 - an answer is as good as an error
