"""Triggers as the API shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from engine.errors import NotFoundError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject, JsonValue
from engine.trigger import FailedFire, Fire, FireOutcome, Trigger, TriggerType
from functions.api.services import Services


class FireView(BaseModel):
    """The last start, and how the execution stands now."""

    at: datetime
    outcome: FireOutcome
    execution_id: str | None
    execution_status: ExecutionStatus | None = Field(description="null where none started, or it is deleted.")
    message: str | None = Field(description="What went wrong.")
    test: bool = Field(description="Whether it came by the test path.")


class TriggerView(BaseModel):
    """A trigger with its settings."""

    id: str
    workflow_id: str
    type: TriggerType
    name: str | None
    enabled: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    settings: JsonObject = Field(description="As it was sent: send it back, changed, to change the trigger.")
    url: str | None = Field(description="Where a webhook answers, with the live version.")
    test_url: str | None = Field(description="Where it answers with the draft, also while it is paused.")
    next_runs: list[datetime] = Field(description="The next five times of a schedule that is not paused.")
    last_fire: FireView | None


class TriggerList(BaseModel):
    """The triggers of a workflow, the oldest first."""

    items: list[TriggerView]


class FailureView(BaseModel):
    """An event that started nothing."""

    id: str
    trigger_id: str
    failed_at: datetime
    message: str
    event: JsonValue = Field(description="The event as it came.")

    @classmethod
    def of(cls, failure: FailedFire) -> FailureView:
        """From the record."""
        return cls(
            id=failure.failure_id,
            trigger_id=failure.trigger_id,
            failed_at=failure.failed_at,
            message=failure.message,
            event=failure.event,
        )


class FailureList(BaseModel):
    """A page of failures, newest first."""

    items: list[FailureView]
    cursor: str | None


def view_trigger(services: Services, trigger: Trigger) -> TriggerView:
    """A trigger with its addresses, next times and last fire."""
    path, base = trigger.path, services.public_url
    return TriggerView(
        id=trigger.trigger_id,
        workflow_id=trigger.workflow_id,
        type=trigger.settings.type,
        name=trigger.settings.name,
        enabled=trigger.settings.enabled,
        revision=trigger.revision,
        created_at=trigger.created_at,
        updated_at=trigger.updated_at,
        settings=trigger.settings.model_dump(mode="json", exclude_none=True),
        url=f"{base}/webhooks/{path}" if path else None,
        test_url=f"{base}/webhooks-test/{path}" if path else None,
        next_runs=list(services.triggers.next_runs(trigger)),
        last_fire=_view_fire(services, trigger.last_fire) if trigger.last_fire else None,
    )


def _view_fire(services: Services, fire: Fire) -> FireView:
    status = None
    if fire.execution_id is not None:
        try:
            status = services.executions.get(fire.execution_id).status
        except NotFoundError:
            status = None  # executions are deleted after a while
    return FireView(**fire.model_dump(), execution_status=status)
