"""``cron(minutes hours day-of-month month day-of-week year)``, with the wildcards of AWS.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_MONTHS: Mapping[str, int] = {
    **{"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6},
    **{"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12},
}
_WEEKDAYS: Mapping[str, int] = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
FIRST_YEAR, LAST_YEAR = 1970, 2199


@dataclass(frozen=True)
class DaySpec:
    """Which days: plain ones, and those that depend on the month.

    ``last`` counts back from the end (0: the last day) or names the weekdays that come last; ``nearest``
    are days whose nearest working day is meant (0: the month's last); ``nth`` are (weekday, how-manieth).
    """

    days: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()
    nearest: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Cron:
    """A cron expression; ``month_days`` or ``weekdays`` is None, whichever is ``?``."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    month_days: DaySpec | None
    weekdays: DaySpec | None

    def times(self, start: datetime, until_year: int) -> Iterator[datetime]:
        """Local times (naive) at or after ``start``, which is naive too, in order."""
        for day in self._days(start.date(), until_year):
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime.combine(day, time(hour, minute))
                    if found >= start:
                        yield found

    def _days(self, first: date, until_year: int) -> Iterator[date]:
        for year in range(first.year, min(until_year, LAST_YEAR) + 1):
            if year not in self.years:
                continue
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                length = calendar.monthrange(year, month)[1]
                for number in range(1, length + 1):
                    day = date(year, month, number)
                    if day >= first and self._has(day, length):
                        yield day

    def _has(self, day: date, length: int) -> bool:
        if self.month_days is not None:
            spec = self.month_days
            if day.day in spec.days or length - day.day in spec.last:
                return True
            return any(_nearest_working_day(day, wanted or length) == day for wanted in spec.nearest)
        spec = self.weekdays or DaySpec()
        weekday = day.isoweekday() % 7 + 1
        if weekday in spec.days or (weekday, (day.day - 1) // 7 + 1) in spec.nth:
            return True
        return weekday in spec.last and day.day + 7 > length


def parse_cron(text: str) -> Cron:
    """The expression between the parentheses; ValueError names the field and what may stand there."""
    parts = text.split()
    if len(parts) != 6:
        raise ValueError(
            f"cron has 6 fields (minutes hours day-of-month month day-of-week year), not {len(parts)}"
        )
    minutes, hours, month_days, months, weekdays, years = (part.upper() for part in parts)
    if (month_days == "?") == (weekdays == "?"):
        raise ValueError("write '?' in one of day-of-month and day-of-week, and not in both")
    return Cron(
        minutes=tuple(sorted(_numbers("minutes", minutes, 0, 59))),
        hours=tuple(sorted(_numbers("hours", hours, 0, 23))),
        months=_numbers("month", months, 1, 12, _MONTHS),
        years=_numbers("year", years, FIRST_YEAR, LAST_YEAR),
        month_days=None if month_days == "?" else _month_days(month_days),
        weekdays=None if weekdays == "?" else _weekdays(weekdays),
    )


def _numbers(
    field: str, text: str, low: int, high: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:/([0-9]{1,4}))?", part)
        if match is None:
            raise ValueError(f"'{part}' is no value for {field}")
        first, last, step = match.groups()
        if first == "*":
            if last is not None:
                raise ValueError(f"'{part}' is no value for {field}")
            start, end = low, high
        else:
            start = _number(field, first, low, high, names)
            end = _number(field, last, low, high, names) if last else (high if step else start)
        if end < start or step == "0":
            raise ValueError(f"'{part}' names no {field}")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _number(field: str, text: str, low: int, high: int, names: Mapping[str, int] | None) -> int:
    value = (names or {}).get(text) or (int(text) if text.isdigit() and len(text) <= 4 else -1)
    if not low <= value <= high:
        raise ValueError(f"'{text}' is no value for {field}: {low} to {high}")
    return value


def _month_days(text: str) -> DaySpec:
    plain, last, nearest = [], set(), set()
    for part in text.split(","):
        if part == "L":
            last.add(0)
        elif match := re.fullmatch(r"L-([0-9]{1,2})", part):
            last.add(_number("days before the last", match[1], 1, 30, None))
        elif match := re.fullmatch(r"([0-9]{1,2}|L)W", part):
            nearest.add(0 if match[1] == "L" else _number("day-of-month", match[1], 1, 31, None))
        else:
            plain.append(part)
    days = _numbers("day-of-month", ",".join(plain), 1, 31) if plain else frozenset()
    return DaySpec(days, frozenset(last), frozenset(nearest))


def _weekdays(text: str) -> DaySpec:
    plain, last, nth = [], set(), set()
    for part in text.split(","):
        if part == "L":
            plain.append("7")
        elif match := re.fullmatch(r"([A-Z]{3}|[1-7])L", part):
            last.add(_number("day-of-week", match[1], 1, 7, _WEEKDAYS))
        elif match := re.fullmatch(r"([A-Z]{3}|[1-7])#([1-5])", part):
            nth.add((_number("day-of-week", match[1], 1, 7, _WEEKDAYS), int(match[2])))
        else:
            plain.append(part)
    days = _numbers("day-of-week", ",".join(plain), 1, 7, _WEEKDAYS) if plain else frozenset()
    return DaySpec(days, frozenset(last), nth=frozenset(nth))


def _nearest_working_day(of: date, wanted: int) -> date | None:
    """The working day of the same month that is nearest to its day ``wanted``; None if it has no such day."""
    length = calendar.monthrange(of.year, of.month)[1]
    if wanted > length:
        return None
    day = of.replace(day=wanted)
    if day.isoweekday() == 6:
        return day - timedelta(days=1) if wanted > 1 else day + timedelta(days=2)
    if day.isoweekday() == 7:
        return day + timedelta(days=1) if wanted < length else day - timedelta(days=2)
    return day
