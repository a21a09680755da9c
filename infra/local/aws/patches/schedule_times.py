"""Defect: schedules run by UTC whatever their time zone, and their input is sent with its placeholders.

On AWS a cron expression is read in ScheduleExpressionTimezone, and ``<aws.scheduler.scheduled-time>`` and
its like are filled in
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.schedule import next_runs
from infra.local.patch import Patch, Replacement

_logger = logging.getLogger(__name__)


def _due(key: Any, schedule: dict[str, Any], now: datetime) -> datetime | None:
    """When the schedule was to run, if that has come and is not done; notes that it is."""
    from ministack.services import eventbridge, scheduler

    seen = scheduler._schedule_last_fired
    expression = schedule.get("ScheduleExpression", "")
    once = scheduler._at_time_epoch(expression)
    if once is not None:
        if now.timestamp() < once or key in seen:
            return None
        seen[key] = once
        return datetime.fromtimestamp(once, UTC)
    last = datetime.fromtimestamp(seen.setdefault(key, now.timestamp()), UTC)
    seconds = eventbridge._parse_rate_seconds(expression)
    if seconds is not None:
        due = last + timedelta(seconds=seconds)
    else:
        coming = next_runs(expression, schedule.get("ScheduleExpressionTimezone") or "UTC", last, 1)
        if not coming:
            return None
        due = coming[0]
    if due > now:
        return None
    seen[key] = due.timestamp()
    return due


def _filled_in(target: dict[str, Any], schedule: dict[str, Any], due: datetime) -> dict[str, Any]:
    values = {
        "schedule-arn": schedule.get("Arn", ""),
        "scheduled-time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    text = target.get("Input")
    if not text:
        return target
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}


def _is_open(schedule: dict[str, Any], now: float) -> bool:
    from ministack.services import scheduler

    start, end = scheduler._to_epoch(schedule.get("StartDate")), scheduler._to_epoch(schedule.get("EndDate"))
    enabled = schedule.get("State") == "ENABLED" and bool((schedule.get("Target") or {}).get("Arn"))
    return enabled and (start is None or now >= start) and (end is None or now <= end)


def _fire(key: Any, schedule: dict[str, Any], due: datetime) -> None:
    from ministack.core.responses import request_scope
    from ministack.services import eventbridge, scheduler

    account, region, _ = key
    event = {
        "EventId": str(uuid.uuid4()),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": int(due.timestamp()),
        "Resources": [schedule.get("Arn", "")],
        "Account": account,
        "Region": region,
    }
    with request_scope(account, region):
        eventbridge._invoke_target(_filled_in(schedule["Target"], schedule, due), event, schedule)
    ends = schedule.get("ActionAfterCompletion") == "DELETE"
    if ends and scheduler._at_time_epoch(schedule.get("ScheduleExpression", "")) is not None:
        scheduler._schedules._data.pop(key, None)


def _make(_original: Any) -> Any:
    from ministack.services import scheduler

    def tick() -> None:
        now = time.time()
        for key, schedule in list(scheduler._schedules._data.items()):
            try:
                due = (
                    _due(key, schedule, datetime.fromtimestamp(now, UTC)) if _is_open(schedule, now) else None
                )
                if due is not None:
                    _fire(key, schedule, due)
            except ValueError as error:  # an expression that is none: AWS would have refused it
                _logger.warning("schedule %s does not run: %s", key[-1], error)

    return tick


def _replacements() -> Iterator[Replacement]:
    from ministack.services import scheduler

    yield Replacement(scheduler, "_tick_schedules", _make)


PATCH = Patch("aws.schedule_times", _replacements)
