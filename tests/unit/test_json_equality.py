from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.json_equality import equal_json
from engine.json_value import canonical_json


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (0.0, False, False),
        (True, True, True),
        ("1", 1, False),
        ("", None, False),
        (None, None, True),
        ([], {}, False),
        ([1, [2]], [1, [2.0]], True),
        ([1], [1, 2], False),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
    ],
)
def test_equality_as_json_has_it(left: object, right: object, same: bool) -> None:
    assert equal_json(left, right) is same
    assert equal_json(right, left) is same


def test_depth_is_no_obstacle() -> None:
    left: object = 1
    right: object = 1
    for _ in range(100_000):
        left, right = [left], [right]
    assert equal_json(left, right) is True


def test_steps_are_told_as_they_are_taken() -> None:
    taken: list[int] = []
    equal_json([1, "a" * 1_000], [1, "a" * 1_000], taken.append)
    assert sum(taken) == 13


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@given(json_values, json_values)
def test_equal_values_have_equal_canonical_json(left: object, right: object) -> None:
    assert equal_json(left, right) == (canonical_json(left) == canonical_json(right))
