"""Schedules as EventBridge Scheduler reads them: ``rate(…)`` and ``cron(…)``, in a time zone.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. Nothing here reads a clock.
"""

from __future__ import annotations

from engine.schedule.cron import LAST_YEAR
from engine.schedule.next_run import check_schedule, next_runs, rate_seconds

__all__ = ["LAST_YEAR", "check_schedule", "next_runs", "rate_seconds"]
