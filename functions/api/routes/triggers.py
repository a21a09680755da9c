"""Triggers: what starts a workflow's live version, and events that failed to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response
from pydantic import RootModel

from engine.json_value import JsonObject
from engine.trigger import Trigger, TriggerSettings
from functions.api.access import Trail
from functions.api.body import json_body, read_object
from functions.api.execution_view import ExecutionSummary
from functions.api.paging import Cursor, Id, Limit
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services
from functions.api.trigger_view import FailureList, FailureView, TriggerList, TriggerView, view_trigger

router = guarded_router("triggers", "/workflows/{workflow_id}/triggers")
Use = Annotated[Services, Depends(get_services)]
Document = Annotated[JsonObject, Depends(read_object)]


class TriggerRequest(RootModel[TriggerSettings]):
    """What a trigger is made with; `type` says which kind it is."""


TRIGGER_BODY = json_body(
    TriggerRequest,
    example={"type": "schedule", "expression": "cron(0 9 ? * MON-FRI *)", "timezone": "Europe/Berlin"},
)


def _noted(trigger: Trigger) -> JsonObject:
    """What the audit trail says of a trigger: its path and its inputs may hold what only its users know."""
    return {
        "workflow_id": trigger.workflow_id,
        "type": trigger.settings.type,
        "enabled": trigger.settings.enabled,
        "revision": trigger.revision,
    }


@router.get("", responses=problem_responses(404))
def list_triggers(workflow_id: Id, services: Use) -> TriggerList:
    """All triggers of a workflow, each with its last fire and outcome."""
    triggers = services.triggers.list_triggers(workflow_id)
    return TriggerList(items=[view_trigger(services, trigger) for trigger in triggers])


@router.post("", status_code=201, responses=problem_responses(404, 409, 413), openapi_extra=TRIGGER_BODY)
def create_trigger(
    workflow_id: Id, document: Document, response: Response, services: Use, access: Trail
) -> TriggerView:
    """Make a webhook, a schedule, or a trigger on objects in S3 or on events."""
    trigger = services.triggers.create(workflow_id, document)
    access.note(f"trigger:{trigger.trigger_id}", after=_noted(trigger))
    path = f"/api/v1/workflows/{workflow_id}/triggers/{trigger.trigger_id}"
    response.headers["Location"] = services.public_url + path
    return view_trigger(services, trigger)


@router.get("/{trigger_id}", responses=problem_responses(404))
def get_trigger(workflow_id: Id, trigger_id: Id, services: Use) -> TriggerView:
    """One trigger; for a schedule, with its next five times."""
    return view_trigger(services, services.triggers.get(workflow_id, trigger_id))


@router.put("/{trigger_id}", responses=problem_responses(404, 409, 413), openapi_extra=TRIGGER_BODY)
def update_trigger(
    workflow_id: Id, trigger_id: Id, document: Document, services: Use, access: Trail
) -> TriggerView:
    """Change a trigger: the whole of its settings. A webhook without a path keeps its own."""
    before = services.triggers.get(workflow_id, trigger_id)
    trigger = services.triggers.update(workflow_id, trigger_id, document)
    access.note(before=_noted(before), after=_noted(trigger))
    return view_trigger(services, trigger)


@router.delete("/{trigger_id}", status_code=204, responses=problem_responses(404))
def delete_trigger(workflow_id: Id, trigger_id: Id, services: Use, access: Trail) -> None:
    """Delete a trigger and what fires it."""
    access.note(before=_noted(services.triggers.get(workflow_id, trigger_id)))
    services.triggers.delete(workflow_id, trigger_id)


@router.post("/{trigger_id}/enable", responses=problem_responses(404, 409))
def enable_trigger(workflow_id: Id, trigger_id: Id, services: Use) -> TriggerView:
    """Let a paused trigger fire again."""
    return view_trigger(services, services.triggers.set_enabled(workflow_id, trigger_id, enabled=True))


@router.post("/{trigger_id}/disable", responses=problem_responses(404, 409))
def disable_trigger(workflow_id: Id, trigger_id: Id, services: Use) -> TriggerView:
    """Pause a trigger."""
    return view_trigger(services, services.triggers.set_enabled(workflow_id, trigger_id, enabled=False))


@router.get("/{trigger_id}/failures", responses=problem_responses(404))
def list_failures(
    workflow_id: Id, trigger_id: Id, services: Use, limit: Limit = 20, cursor: Cursor = None
) -> FailureList:
    """Events that started nothing, newest first; they are kept for four weeks."""
    page = services.firer.list_failures(workflow_id, trigger_id, limit, cursor)
    return FailureList(items=[FailureView.of(failure) for failure in page.items], cursor=page.cursor)


@router.post(
    "/{trigger_id}/failures/{failure_id}/replay", status_code=202, responses=problem_responses(404, 409)
)
def replay_failure(workflow_id: Id, trigger_id: Id, failure_id: Id, services: Use) -> ExecutionSummary:
    """Start an execution with an event that failed; the failure goes once that has worked."""
    return ExecutionSummary.of(services.firer.replay(workflow_id, trigger_id, failure_id))


@router.delete("/{trigger_id}/failures/{failure_id}", status_code=204, responses=problem_responses(404))
def delete_failure(workflow_id: Id, trigger_id: Id, failure_id: Id, services: Use) -> None:
    """Forget an event that failed."""
    services.firer.delete_failure(workflow_id, trigger_id, failure_id)
