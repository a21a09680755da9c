from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.moment import parse_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024-05-31T12:30:05Z", datetime(2024, 5, 31, 12, 30, 5, tzinfo=UTC)),
        ("2024-05-31 12:30", datetime(2024, 5, 31, 12, 30, tzinfo=UTC)),
        (
            "2024-05-31T12:30:05.25+02:00",
            datetime(2024, 5, 31, 10, 30, 5, 250_000, tzinfo=UTC),
        ),
    ],
)
def test_a_date_in_iso_8601(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "31.05.2024", "2024-02-30", "2024-05-31T25:00", "\uff12024-05-31", "2" * 41]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no ISO 8601 date, such as 2024-05-31 or 2024-05-31T12:00:00Z"):
        parse_moment(text)
