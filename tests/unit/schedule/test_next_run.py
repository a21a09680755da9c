from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.schedule import check_schedule, next_runs


def times(expression: str, timezone: str, after: str, count: int = 3, since: str | None = None) -> list[str]:
    start = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None
    found = next_runs(
        expression, timezone, datetime.fromisoformat(after).replace(tzinfo=UTC), count, since=start
    )
    return [at.strftime("%Y-%m-%d %H:%M") for at in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 9 ? * MON-FRI *)", ["2026-01-01 09:00", "2026-01-02 09:00", "2026-01-05 09:00"]),
        ("cron(0/20 12 * * ? *)", ["2026-01-01 12:00", "2026-01-01 12:20", "2026-01-01 12:40"]),
        ("cron(30 8,20 1 * ? *)", ["2026-01-01 08:30", "2026-01-01 20:30", "2026-02-01 08:30"]),
        ("cron(0 0 L * ? *)", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 L-2 * ? *)", ["2026-01-29 00:00", "2026-02-26 00:00", "2026-03-29 00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-01-30 00:00", "2026-02-27 00:00", "2026-03-31 00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-02-02 00:00", "2026-03-02 00:00", "2026-04-01 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-01-30 00:00", "2026-02-27 00:00", "2026-03-27 00:00"]),
        ("cron(0 0 ? * FRI#5 *)", ["2026-01-30 00:00", "2026-05-29 00:00", "2026-07-31 00:00"]),
        ("cron(0 0 29 FEB ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("cron(0 12 1 JAN ? 2026-2027)", ["2026-01-01 12:00", "2027-01-01 12:00"]),
        ("cron(0 12 30 2 ? *)", []),
        ("rate(1 hour)", ["2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 03:00"]),
    ],
)  # fmt: skip
def test_a_schedule_runs_next(expression: str, expected: list[str]) -> None:
    assert times(expression, "UTC", "2026-01-01 00:00") == expected


def test_a_time_that_the_clocks_skip_is_left_out() -> None:
    expected = ["2026-03-28 01:30", "2026-03-30 00:30", "2026-03-31 00:30"]
    assert times("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-27 12:00") == expected


def test_a_time_that_the_clocks_pass_twice_runs_once() -> None:
    expected = ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]
    assert times("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-23 12:00") == expected
    # Between the first and the second 02:30 nothing is left of that day.
    assert times("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25 01:00", 1) == ["2026-10-26 01:30"]


def test_a_local_time_follows_the_clocks() -> None:
    expected = ["2026-03-06 14:00", "2026-03-09 13:00"]
    assert times("cron(0 9 ? * MON-FRI *)", "America/New_York", "2026-03-05 20:00", 2) == expected


def test_a_rate_counts_from_when_it_was_made() -> None:
    expected = ["2026-01-01 10:10", "2026-01-01 10:25", "2026-01-01 10:40"]
    assert times("rate(15 minutes)", "UTC", "2026-01-01 10:00", since="2026-01-01 00:10") == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("every hour", "is no schedule"),
        ("rate(1 hours)", "is no rate"),
        ("rate(5 minute)", "is no rate"),
        ("rate(0 minutes)", "is no rate"),
        ("cron(0 9 * * *)", "6 fields"),
        ("cron(0 9 * * MON *)", "'?' in one of"),
        ("cron(0 9 ? * ? *)", "'?' in one of"),
        ("cron(60 9 * * ? *)", "0 to 59"),
        ("cron(0 24 * * ? *)", "0 to 23"),
        ("cron(0 9 32 * ? *)", "1 to 31"),
        ("cron(0 9 * 13 ? *)", "1 to 12"),
        ("cron(0 9 ? * 8 *)", "1 to 7"),
        ("cron(0 9 ? * FRI-MON *)", "names no day-of-week"),
        ("cron(0/0 9 * * ? *)", "names no minutes"),
        ("cron(*-5 9 * * ? *)", "is no value for minutes"),
        ("cron(0 9 * * ? 1969)", "1970 to 2199"),
        ("cron(0 9 ? * MON#6 *)", "is no value"),
        ("cron(\u0661 9 * * ? *)", "is no value"),
        ("rate(1\u0661 days)", "is no rate"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_cure(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"is no|names|6 fields|'\?'|\d to \d") as error:
        check_schedule(expression, "UTC")
    assert said in str(error.value)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "\x00"])
def test_what_is_no_time_zone_is_refused(timezone: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        check_schedule("rate(1 day)", timezone)
