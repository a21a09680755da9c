from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.errors import RequestError


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_a_position_comes_back(position: list[str]) -> None:
    assert decode_cursor("list", encode_cursor("list", position), len(position)) == position


@given(st.text())
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as error:
        decode_cursor("list", text, 1)
    assert error.value.field == "cursor"


def test_a_cursor_belongs_to_one_list() -> None:
    cursor = encode_cursor("list", ["here"])
    assert decode_cursor("list", None, 1) is None
    with pytest.raises(RequestError):
        decode_cursor("other list", cursor, 1)
    with pytest.raises(RequestError):
        decode_cursor("list", cursor, 2)


def test_a_cursor_can_stand_in_a_url_as_it_is() -> None:
    cursor = encode_cursor("list", ["?&=/+ ü" * 9])
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_limit_is_at_least_one() -> None:
    check_limit(1)
    with pytest.raises(RequestError) as error:
        check_limit(0)
    assert (error.value.field, str(error.value)) == ("limit", "The limit is 0: ask for at least 1.")
