from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.approval_token import ApprovalToken, read_token
from engine.errors import NotFoundError

KEY = "k" * 64
TOKEN = ApprovalToken("ex_1", "ap_1", "approve", datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_token_is_read_back(action: str) -> None:
    token = ApprovalToken("ex_1", "ap_1", action, TOKEN.expires_at)  # type: ignore[arg-type]
    assert read_token(token.sign(KEY), KEY) == token


def test_another_key_signs_other_tokens() -> None:
    with pytest.raises(NotFoundError):
        read_token(TOKEN.sign("another"), KEY)


@given(st.integers(0, len(TOKEN.sign(KEY)) - 1), st.characters(codec="ascii"))
def test_no_letter_can_be_changed(place: int, letter: str) -> None:
    text = TOKEN.sign(KEY)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        with pytest.raises(NotFoundError):
            read_token(changed, KEY)


@given(st.text(max_size=400))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(NotFoundError):
        read_token(text, KEY)
