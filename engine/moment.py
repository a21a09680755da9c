"""Dates and times as people write them in JSON: ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime

# Characters; the longest spelling with microseconds and an offset in seconds has 35.
_MAX_CHARS = 40


def parse_moment(text: str) -> datetime:
    """An ISO 8601 date (its midnight) or date and time, as an aware datetime.

    Without an offset it is in UTC. ValueError when it is neither.
    """
    if len(text) > _MAX_CHARS or not text.isascii():
        raise ValueError("this is no ISO 8601 date, such as 2024-05-31 or 2024-05-31T12:00:00Z")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is no ISO 8601 date, such as 2024-05-31 or 2024-05-31T12:00:00Z"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# Crockford's base 32; a ULID begins with its milliseconds since 1970 in ten digits
# (https://github.com/ulid/spec).
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def made_at(identifier: str) -> datetime:
    """When an id ``<prefix>_<ULID>`` was made; ValueError for what is none."""
    _, _, ulid = identifier.partition("_")
    if len(ulid) != 26:
        raise ValueError(f"'{identifier}' is no id of ours")
    milliseconds = 0
    for digit in ulid[:10]:
        milliseconds = milliseconds * 32 + _DIGITS.index(digit)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
