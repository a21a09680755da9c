"""Triggers, and what fires them, in memory."""

from __future__ import annotations

from datetime import datetime
from threading import RLock

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.memory.clock import ManualClock
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError, NotFoundError
from engine.ports import Clock, Page
from engine.trigger import FailedFire, Fire, Trigger
from engine.trigger_port import SourceState


class MemoryTriggerStore:
    """Keeps TriggerStore's promises; ``clock`` says when a failure has expired."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or ManualClock()
        self._triggers: dict[tuple[str, str], str] = {}
        self._paths: dict[str, tuple[str, str]] = {}
        self._failures: dict[tuple[str, str, str], tuple[str, datetime]] = {}
        self._lock = RLock()

    def add(self, trigger: Trigger) -> None:
        """Write a new trigger; ConflictError when the path of its webhook is taken."""
        key = (trigger.workflow_id, trigger.trigger_id)
        with self._lock:
            if key in self._triggers:
                raise ConflictError(f"There is a trigger '{trigger.trigger_id}' already.")
            self._take(trigger, key)
            self._triggers[key] = dump_record(trigger)

    def replace(self, trigger: Trigger, old: Trigger) -> None:
        """Write a changed trigger over ``old``, its last fire kept."""
        key = (trigger.workflow_id, trigger.trigger_id)
        with self._lock:
            standing = self.get(*key)
            if standing.revision != old.revision:
                raise ConflictError(
                    f"Someone changed trigger '{trigger.trigger_id}' meanwhile; read it again and repeat."
                )
            if trigger.path != old.path:
                self._take(trigger, key)
                self._paths.pop(old.path or "", None)
            self._triggers[key] = dump_record(trigger.model_copy(update={"last_fire": standing.last_fire}))

    def get(self, workflow_id: str, trigger_id: str) -> Trigger:
        """The trigger with its last fire; NotFoundError."""
        text = self._triggers.get((workflow_id, trigger_id))
        if text is None:
            raise NotFoundError("trigger", trigger_id)
        return load_record(Trigger, text)

    def find_webhook(self, path: str) -> Trigger:
        """The trigger that has the path; NotFoundError."""
        with self._lock:
            if path not in self._paths:
                raise NotFoundError("webhook", path)
            return self.get(*self._paths[path])

    def list_triggers(self, workflow_id: str) -> tuple[Trigger, ...]:
        """All triggers of a workflow, the oldest first."""
        with self._lock:
            texts = [text for key, text in sorted(self._triggers.items()) if key[0] == workflow_id]
        return tuple(load_record(Trigger, text) for text in texts)

    def delete(self, trigger: Trigger) -> None:
        """Forget the trigger, its path and its failures."""
        key = (trigger.workflow_id, trigger.trigger_id)
        with self._lock:
            self._triggers.pop(key, None)
            if self._paths.get(trigger.path or "") == key:
                del self._paths[trigger.path or ""]
            for failure in [failure for failure in self._failures if failure[:2] == key]:
                del self._failures[failure]

    def record_fire(self, workflow_id: str, trigger_id: str, fire: Fire) -> None:
        """Note the last fire, unless a later one is noted or the trigger is gone."""
        key = (workflow_id, trigger_id)
        with self._lock:
            if key not in self._triggers:
                return
            trigger = self.get(*key)
            if trigger.last_fire is None or trigger.last_fire.at <= fire.at:
                self._triggers[key] = dump_record(trigger.model_copy(update={"last_fire": fire}))

    def add_failure(self, failure: FailedFire, expires_at: datetime) -> None:
        """Keep an event that failed."""
        with self._lock:
            key = (failure.workflow_id, failure.trigger_id, failure.failure_id)
            self._failures[key] = (dump_record(failure), expires_at)

    def get_failure(self, workflow_id: str, trigger_id: str, failure_id: str) -> FailedFire:
        """NotFoundError, also once it has expired."""
        found = self._failures.get((workflow_id, trigger_id, failure_id))
        if found is None or found[1] <= self._clock.now():
            raise NotFoundError("failure", failure_id)
        return load_record(FailedFire, found[0])

    def list_failures(
        self, workflow_id: str, trigger_id: str, limit: int, cursor: str | None = None
    ) -> Page[FailedFire]:
        """Failures of a trigger, newest first."""
        check_limit(limit)
        listing = f"failures:{workflow_id}:{trigger_id}"
        position = decode_cursor(listing, cursor, parts=1)
        now = self._clock.now()
        with self._lock:
            rows = sorted(self._failures.items(), reverse=True)
        wanted = [
            (key[2], text)
            for key, (text, expires_at) in rows
            if key[:2] == (workflow_id, trigger_id)
            and expires_at > now
            and (position is None or key[2] < position[0])
        ]
        more = encode_cursor(listing, [wanted[limit - 1][0]]) if len(wanted) > limit else None
        return Page(tuple(load_record(FailedFire, text) for _, text in wanted[:limit]), more)

    def delete_failure(self, failure: FailedFire) -> None:
        """Forget it; no error if it is gone."""
        with self._lock:
            self._failures.pop((failure.workflow_id, failure.trigger_id, failure.failure_id), None)

    def _take(self, trigger: Trigger, key: tuple[str, str]) -> None:
        if trigger.path is None:
            return
        if trigger.path in self._paths:
            raise ConflictError(f"The webhook path '{trigger.path}' is taken; choose another.")
        self._paths[trigger.path] = key


class MemoryEventSources:
    """Keeps EventSources' promises, and fires nothing by itself."""

    def __init__(self) -> None:
        self._sources: dict[str, SourceState] = {}

    def put(self, trigger: Trigger) -> None:
        """Make or change the source."""
        if trigger.settings.type != "webhook":
            self._sources[trigger.trigger_id] = "enabled" if trigger.settings.enabled else "disabled"

    def delete(self, trigger: Trigger) -> None:
        """Delete the source; no error if there is none."""
        self._sources.pop(trigger.trigger_id, None)

    def state(self, trigger: Trigger) -> SourceState | None:
        """How the source stands; None if there is none."""
        return self._sources.get(trigger.trigger_id)
