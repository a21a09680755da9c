"""When a schedule runs next.

A cron time that the clocks skip in spring is left out, and one that they pass twice in autumn runs once;
rates take no notice of clocks (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.schedule.cron import LAST_YEAR, Cron, parse_cron

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
# The last whose times a schedule may have, as the last year of cron.
_END = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_FORMS = "Write rate(15 minutes) or cron(0 9 ? * MON-FRI *)."


def check_schedule(expression: str, timezone: str) -> None:
    """ValueError when expression or time zone is none, with the cure."""
    _zone(timezone)
    if rate_seconds(expression) is None:
        _cron(expression)


def rate_seconds(expression: str) -> int | None:
    """The seconds of a rate; None for what is no rate. ValueError for a rate that is malformed."""
    if not expression.startswith("rate("):
        return None
    match = re.fullmatch(r"rate\(([1-9][0-9]{0,8}) (minute|hour|day)(s?)\)", expression)
    if match is None or (match[1] == "1") == bool(match[3]):
        raise ValueError(f"'{expression}' is no rate, such as rate(1 hour) or rate(15 minutes)")
    return int(match[1]) * _SECONDS[match[2]]


def next_runs(
    expression: str, timezone: str, after: datetime, count: int, *, since: datetime | None = None
) -> tuple[datetime, ...]:
    """The next times after ``after``, in UTC; fewer when the schedule ends, or has none. ValueError as above.

    ``since`` is when the schedule was made: rates count from there.
    """
    zone = _zone(timezone)
    seconds = rate_seconds(expression)
    if seconds is not None:
        start = since or after
        passed = max(0, int((after - start).total_seconds() // seconds))
        last = min(passed + count, int((_END - start).total_seconds() // seconds))
        return tuple(start + timedelta(seconds=seconds * n) for n in range(passed + 1, last + 1))
    cron = _cron(expression)
    local = after.astimezone(zone).replace(tzinfo=None)
    found: list[datetime] = []
    # Two hours earlier: where clocks are set back, no time that is still to come is passed over.
    for naive in cron.times(local - timedelta(hours=2), LAST_YEAR):
        at = _as_utc(naive, zone)
        if at is not None and at > after:
            found.append(at)
        if len(found) == count:
            break
    return tuple(found)


def _cron(expression: str) -> Cron:
    match = re.fullmatch(r"cron\((.*)\)", expression)
    if match is None:
        raise ValueError(f"'{expression}' is no schedule. {_FORMS}")
    return parse_cron(match[1])


def _zone(timezone: str) -> tzinfo:
    if timezone == "UTC":
        return UTC
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone '{timezone}'; write one such as Europe/Berlin") from None


def _as_utc(naive: datetime, zone: tzinfo) -> datetime | None:
    """The instant of a local time, the first where there are two; None where there is none."""
    at = naive.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == naive else None
