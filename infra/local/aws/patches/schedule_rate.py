"""Defect: schedules cannot be tested, for nothing makes their time pass faster.

MiniStack looks at rules and schedules every ten seconds and takes ``rate(1 minute)`` literally. Both are
multiplied by the server's time scale; at 1 nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def patch(time_scale: float) -> Patch:
    """Return the patch that multiplies the time of rates (not of cron expressions) by ``time_scale``."""

    def scaled_tick(seconds: float) -> float:
        return max(0.05, seconds * time_scale)

    def scaled_rate(original: Any) -> Any:
        def parse(expression: str) -> float | None:
            seconds = original(expression)
            return None if seconds is None else seconds * time_scale

        return parse

    def replacements() -> Iterator[Replacement]:
        from ministack.services import eventbridge, scheduler

        yield Replacement(eventbridge, "_SCHEDULER_TICK_INTERVAL", scaled_tick)
        yield Replacement(scheduler, "_SCHEDULE_TICK_INTERVAL", scaled_tick)
        yield Replacement(eventbridge, "_parse_rate_seconds", scaled_rate)

    return Patch("aws.schedule_rate", replacements)
