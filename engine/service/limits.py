"""Limits: requests per minute, executions per day, executions at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.access.ports import LimitStore
from engine.access.principal import Principal
from engine.access.recent import Recent
from engine.access.window import Window
from engine.errors import LimitExceededError
from engine.ports import Clock

# Of the executions that hold all places, how many are asked whether they have ended: the oldest.
ASKED_HOLDERS = 10
# When to try again for a place: an execution takes seconds or minutes, nobody knows which.
PLACE_RETRY_SECONDS = 10


@dataclass(frozen=True)
class RequestCount:
    """How a subject stands in its minute."""

    limit: int
    remaining: int
    reset_seconds: int


@dataclass(frozen=True)
class LimitService:
    """Counts, exactly, what each subject asks for."""

    limits: LimitStore
    clock: Clock
    _used_up: Recent[Window] = field(default_factory=lambda: Recent(seconds=90))

    def count_request(self, principal: Principal) -> RequestCount | None:
        """One more request; None for a subject without a limit. LimitExceededError.

        A limit that this process has seen used up costs no more writes in its minute.
        """
        limit = principal.limits.requests_per_minute
        if limit is None:
            return None
        now = self.clock.now()
        window = Window.at("requests", now)
        counted = None
        if self._used_up.get(principal.subject, now) != window:
            counted = self.limits.take(principal.subject, window, limit)
        if counted is None:
            self._used_up.put(principal.subject, window, now)
            seconds = window.seconds_left(now)
            raise LimitExceededError(
                f"This key may ask {limit:,} times a minute. Try again in {seconds} s.",
                policy="requests",
                limit=limit,
                retry_after_seconds=seconds,
            )
        return RequestCount(limit, max(0, limit - counted), window.seconds_left(now))

    def admit(self, principal: Principal, execution_id: str, has_ended: Callable[[str], bool]) -> bool:
        """Let an execution begin; whether it holds a place that its end must give back.

        LimitExceededError, and then nothing is counted. ``has_ended`` tells of an execution whether it
        holds its place no more; places whose end went unheard are found so.
        """
        holds = self._hold(principal, execution_id, has_ended)
        limit = principal.limits.executions_per_day
        if limit is not None:
            now = self.clock.now()
            window = Window.at("executions", now)
            if self.limits.take(principal.subject, window, limit) is None:
                if holds:
                    self.limits.release(principal.subject, execution_id)
                raise LimitExceededError(
                    f"This key may start {limit:,} executions a day, counted in UTC.",
                    policy="executions",
                    limit=limit,
                    retry_after_seconds=window.seconds_left(now),
                )
        return holds

    def uncount(self, principal: Principal, execution_id: str | None) -> None:
        """An execution that was let begin did not; with its id, the place that it held is free."""
        if execution_id is not None and principal.limits.concurrent_executions is not None:
            self.limits.release(principal.subject, execution_id)
        if principal.limits.executions_per_day is not None:
            self.limits.give_back(principal.subject, Window.at("executions", self.clock.now()))

    def _hold(self, principal: Principal, execution_id: str, has_ended: Callable[[str], bool]) -> bool:
        limit = principal.limits.concurrent_executions
        if limit is None:
            return False
        holders = self.limits.hold(principal.subject, execution_id, limit)
        if holders is None:
            return True
        for holder in holders[:ASKED_HOLDERS]:
            if has_ended(holder):
                self.limits.release(principal.subject, holder)
        if self.limits.hold(principal.subject, execution_id, limit) is None:
            return True
        raise LimitExceededError(
            f"This key may have {limit:,} executions running at a time, and has. Let one end, or cancel it.",
            policy="concurrent-executions",
            limit=limit,
            retry_after_seconds=PLACE_RETRY_SECONDS,
        )
