"""The ports of triggers: where they are kept, and what makes AWS fire them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from engine.ports import Page
from engine.trigger import FailedFire, Fire, Trigger

SourceState = Literal["enabled", "disabled"]


class TriggerStore(Protocol):
    """Triggers by workflow; a webhook's path belongs to one trigger alone."""

    def add(self, trigger: Trigger) -> None:
        """Write a new trigger; ConflictError when the path of its webhook is taken."""

    def replace(self, trigger: Trigger, old: Trigger) -> None:
        """Write a changed trigger over ``old``, its last fire kept.

        NotFoundError; ConflictError when the path is taken, or when someone changed it meanwhile.
        """

    def get(self, workflow_id: str, trigger_id: str) -> Trigger:
        """The trigger with its last fire; NotFoundError."""

    def find_webhook(self, path: str) -> Trigger:
        """The trigger that has the path; NotFoundError."""

    def list_triggers(self, workflow_id: str) -> tuple[Trigger, ...]:
        """All triggers of a workflow, the oldest first."""

    def delete(self, trigger: Trigger) -> None:
        """Forget the trigger, its path and its failures; no error if it is gone."""

    def record_fire(self, workflow_id: str, trigger_id: str, fire: Fire) -> None:
        """Note the last fire, unless a later one is noted or the trigger is gone."""

    def add_failure(self, failure: FailedFire, expires_at: datetime) -> None:
        """Keep an event that failed; the same failure id again replaces it."""

    def get_failure(self, workflow_id: str, trigger_id: str, failure_id: str) -> FailedFire:
        """NotFoundError, also once it has expired."""

    def list_failures(
        self, workflow_id: str, trigger_id: str, limit: int, cursor: str | None = None
    ) -> Page[FailedFire]:
        """Failures of a trigger, newest first; RequestError on a cursor that is not ours."""

    def delete_failure(self, failure: FailedFire) -> None:
        """Forget it; no error if it is gone."""


class EventSources(Protocol):
    """What fires triggers from outside: a rule for events and objects, a schedule for schedules.

    Webhooks need none: the HTTP API is always there.
    """

    def put(self, trigger: Trigger) -> None:
        """Make or change the source; RequestError when the service refuses pattern or schedule."""

    def delete(self, trigger: Trigger) -> None:
        """Delete the source; no error if there is none."""

    def state(self, trigger: Trigger) -> SourceState | None:
        """How the source stands; None if there is none."""
