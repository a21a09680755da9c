"""Triggers: make, change, list, delete; what fires them in AWS follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.access.audience import may_use
from engine.errors import ConflictError, MiniN8nError, NotFoundError, RequestError
from engine.json_value import JsonObject
from engine.ports import Clock, CredentialStore, WorkflowStore
from engine.schedule import LAST_YEAR, next_runs
from engine.service.trigger_document import parse_trigger
from engine.trigger import HeaderAuth, S3Settings, ScheduleSettings, Trigger, TriggerSettings, WebhookSettings
from engine.trigger_port import EventSources, TriggerStore
from engine.webhook.signature import SECRET_KINDS

# A list shows all of them. EventBridge allows 300 rules on a bus
# (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
MAX_TRIGGERS = 50
SHOWN_RUNS = 5


@dataclass(frozen=True)
class TriggerService:
    """Use cases of triggers."""

    triggers: TriggerStore
    sources: EventSources
    workflows: WorkflowStore
    credentials: CredentialStore
    clock: Clock
    artifacts_bucket: str = ""
    """Where executions store things: a trigger on it would start itself for ever."""

    def create(self, workflow_id: str, document: JsonObject) -> Trigger:
        """A new trigger, and what fires it.

        NotFoundError; RequestError names the fields that do not fit; ConflictError when the path is taken.
        """
        settings = self._check(workflow_id, parse_trigger(document))
        if len(self.triggers.list_triggers(workflow_id)) >= MAX_TRIGGERS:
            raise ConflictError(f"Workflow '{workflow_id}' has {MAX_TRIGGERS} triggers; delete one first.")
        if isinstance(settings, WebhookSettings) and settings.path is None:
            settings = settings.model_copy(update={"path": self.clock.new_token()})
        now = self.clock.now()
        trigger = Trigger(
            trigger_id=self.clock.new_id("tr"),
            workflow_id=workflow_id,
            revision=1,
            created_at=now,
            updated_at=now,
            settings=settings,
        )
        self.triggers.add(trigger)
        try:
            self.sources.put(trigger)
        except MiniN8nError:
            self.sources.delete(trigger)
            self.triggers.delete(trigger)
            raise
        return trigger

    def get(self, workflow_id: str, trigger_id: str) -> Trigger:
        """The trigger; NotFoundError."""
        return self.triggers.get(workflow_id, trigger_id)

    def list_triggers(self, workflow_id: str) -> tuple[Trigger, ...]:
        """All triggers of a workflow, the oldest first; NotFoundError."""
        self.workflows.get_head(workflow_id)
        return self.triggers.list_triggers(workflow_id)

    def update(self, workflow_id: str, trigger_id: str, document: JsonObject) -> Trigger:
        """Change a trigger; a webhook without a path keeps its own. Errors as in create."""
        old = self.triggers.get(workflow_id, trigger_id)
        settings = self._check(workflow_id, parse_trigger(document))
        if settings.type != old.settings.type:
            raise RequestError(f"The trigger is a {old.settings.type}; make a new one instead.", "type")
        if isinstance(settings, WebhookSettings) and settings.path is None:
            settings = settings.model_copy(update={"path": old.path})
        return self._replace(old, settings)

    def set_enabled(self, workflow_id: str, trigger_id: str, *, enabled: bool) -> Trigger:
        """Let a trigger fire, or pause it. NotFoundError; RequestError for a schedule that is over."""
        old = self.triggers.get(workflow_id, trigger_id)
        if enabled:
            self._check_time(old.settings)
        return self._replace(old, old.settings.model_copy(update={"enabled": enabled}))

    def delete(self, workflow_id: str, trigger_id: str) -> None:
        """Delete a trigger and what fires it. NotFoundError."""
        trigger = self.triggers.get(workflow_id, trigger_id)
        self.sources.delete(trigger)
        self.triggers.delete(trigger)

    def release(self, workflow_id: str) -> int:
        """Delete all triggers of a workflow; how many."""
        found = self.triggers.list_triggers(workflow_id)
        for trigger in found:
            self.sources.delete(trigger)
            self.triggers.delete(trigger)
        return len(found)

    def next_runs(self, trigger: Trigger) -> tuple[datetime, ...]:
        """When a schedule runs next, in UTC; nothing for other kinds, and for one that is paused."""
        settings = trigger.settings
        if not isinstance(settings, ScheduleSettings) or not settings.enabled:
            return ()
        now, since = self.clock.now(), trigger.updated_at
        return next_runs(settings.expression, settings.timezone, now, SHOWN_RUNS, since=since)

    def _replace(self, old: Trigger, settings: TriggerSettings) -> Trigger:
        changes = {"settings": settings, "revision": old.revision + 1, "updated_at": self.clock.now()}
        trigger = old.model_copy(update=changes)
        self.triggers.replace(trigger, old)
        try:
            self.sources.put(trigger)
        except MiniN8nError:
            self.triggers.replace(old.model_copy(update={"revision": trigger.revision + 1}), trigger)
            raise
        return trigger

    def _check(self, workflow_id: str, settings: TriggerSettings) -> TriggerSettings:
        """What the shape cannot say; NotFoundError without such a workflow."""
        workflow = self.workflows.get_head(workflow_id)
        if isinstance(settings, S3Settings) and settings.bucket == self.artifacts_bucket:
            raise RequestError("Executions store their files in this bucket: choose another.", "bucket")
        self._check_time(settings)
        if not isinstance(settings, WebhookSettings) or settings.auth is None:
            return settings
        name = settings.auth.credential
        try:
            info = self.credentials.info(name)
        except NotFoundError:
            info = None
        if info is None or not may_use(workflow.ownership, info.ownership):
            raise RequestError(
                f"There is no credential '{name}' for this workflow: store it, or share it and the workflow "
                "with the same group.",
                "auth.credential",
            )
        kind = info.kind
        kinds = SECRET_KINDS if isinstance(settings.auth, HeaderAuth) else ("hmac",)
        if kind not in kinds:
            told = f"Credential '{name}' is of kind '{kind}'; this needs one of kind {' or '.join(kinds)}."
            raise RequestError(told, "auth.credential")
        return settings

    def _check_time(self, settings: TriggerSettings) -> None:
        """RequestError for a schedule that comes to no time at all."""
        if not isinstance(settings, ScheduleSettings):
            return
        if not next_runs(settings.expression, settings.timezone, self.clock.now(), 1):
            told = f"{settings.expression} comes at no time from now to the end of {LAST_YEAR}; correct it."
            raise RequestError(told, "expression")
