from __future__ import annotations

from typing import Any

import pytest

from engine.compiler import Profile
from engine.errors import RequestError


def test_a_profile_is_read_and_written() -> None:
    value = {"durations": {"a": 1.5}, "type_durations": {"llm": 20.0}}
    assert Profile.from_json(value).to_json() == value
    assert Profile.from_json({}) == Profile()


def test_a_node_is_known_by_itself_before_its_type() -> None:
    profile = Profile({"a": 1.0}, {"llm": 2.0})
    assert [profile.seconds(*of) for of in (("a", "llm"), ("b", "llm"), ("c", "http"))] == [1.0, 2.0, None]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"durations": {"a": "long"}}, "durations.a"),
        ({"durations": {"a": float("nan")}}, "durations.a"),
        ({"durations": {"a": -1}}, "'a'"),
        ({"seconds": {}}, "seconds"),
        ([], "''"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Profile.from_json(value)
