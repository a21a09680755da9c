"""Cursors: where a list goes on, spelled so that nobody builds on what is inside."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from engine.errors import RequestError
from engine.json_value import dump_json

_CHECK_DIGITS = 12


def _check(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_CHECK_DIGITS]


def encode_cursor(listing: str, position: list[str]) -> str:
    """A cursor of ``listing`` (which list, with which filters) at ``position``.

    The check digits find damage and cursors of other lists. They keep no secret: a position is never
    more than an id, and an id opens nothing to who may not see what it names.
    """
    text = dump_json([listing, position])
    return base64.urlsafe_b64encode(f"{_check(text)}{text}".encode()).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str | None, parts: int) -> list[str] | None:
    """The position of ``parts`` strings in a cursor of ``listing``; None without a cursor.

    RequestError for a cursor that this list did not give.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error) as error:
        raise _refused() from error
    text, check = text[_CHECK_DIGITS:], text[:_CHECK_DIGITS]
    if check != _check(text):
        raise _refused()
    found, position = json.loads(text)
    if found != listing or len(position) != parts:
        raise _refused()
    return [str(part) for part in position]


def _refused() -> RequestError:
    return RequestError(
        "The cursor does not belong to this list. Pass on the cursor of the page before, unchanged and "
        "with the same filters, or none to start again.",
        field="cursor",
    )


def check_limit(limit: int) -> None:
    """RequestError unless at least one item is asked for."""
    if limit < 1:
        raise RequestError(f"The limit is {limit}: ask for at least 1.", field="limit")
