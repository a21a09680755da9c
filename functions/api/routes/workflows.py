"""Workflows: save, read, validate, plan, delete."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Response

from engine.errors import RequestError
from engine.json_value import JsonObject
from engine.ports import WorkflowHead
from engine.service.save import SaveNote
from engine.service.version_choice import VersionChoice
from engine.workflow import Workflow
from functions.api.access import Trail, Who
from functions.api.body import json_body, read_object
from functions.api.paging import Cursor, Id, Limit
from functions.api.problem import ProblemItem, problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services
from functions.api.version_query import Message, VersionQuery, read_version
from functions.api.workflow_view import Plan, ValidationReport, WorkflowDetail, WorkflowList, WorkflowSummary

router = guarded_router("workflows")
Use = Annotated[Services, Depends(get_services)]
Body = Annotated[JsonObject, Depends(read_object)]


def read_document(body: Body) -> JsonObject:
    """The document; RequestError for an answer of ours sent back whole, in which it is one field of many."""
    if isinstance(body.get("workflow"), dict) and "nodes" not in body:
        raise RequestError(
            "Send the document itself: what stands in `workflow`, and nothing around it.", "workflow"
        )
    return body


Document = Annotated[JsonObject, Depends(read_document)]
IfMatch = Annotated[str | None, Header(description='The revision that you read, as `"3"`; or `*`.')]
WORKFLOW_BODY = json_body(
    Workflow,
    example={
        "name": "Hello",
        "nodes": [
            {"id": "who", "type": "input", "config": {"name": "who", "type": "string", "default": "world"}},
            {"id": "greeting", "type": "output", "config": {"value": "Hello, {{who.output}}!"}},
        ],
        "connections": [{"source": "who", "target": "greeting"}],
    },
)


def read_if_match(value: str | None) -> int | None:
    """The revision that an If-Match header names; None for no header, or ``*``. RequestError."""
    if value is None or value.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"?(\d{1,10})"?', value.strip())
    if found is None:
        raise RequestError('If-Match must be the ETag that you read, such as "3".', "If-Match")
    return int(found.group(1))


def noted(head: WorkflowHead) -> JsonObject:
    """What the audit trail says of a workflow: the document itself may hold what people typed into it."""
    return {
        "name": head.name,
        "version": head.version,
        "revision": head.revision,
        "live_version": head.live_version,
        "node_count": head.node_count,
        "owner": head.ownership.owner,
    }


def _detail(response: Response, services: Services, workflow_id: Id, choice: VersionChoice) -> WorkflowDetail:
    head, found = services.workflows.get(workflow_id, choice)
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowDetail.of_version(head, found)


@router.post(
    "/workflows/", status_code=201, responses=problem_responses(409, 413), openapi_extra=WORKFLOW_BODY
)
def create_workflow(
    document: Document, response: Response, services: Use, access: Trail, message: Message = None
) -> WorkflowDetail:
    """Save a new workflow of yours: it is compiled, and its state machine made. Nothing is live yet."""
    user = access.principal.user
    head, version = services.workflows.create(document, SaveNote(user, message, owner=user))
    access.note(f"workflow:{head.workflow_id}", after=noted(head))
    response.headers["ETag"] = f'"{head.revision}"'
    response.headers["Location"] = f"{services.public_url}/api/v1/workflows/{head.workflow_id}"
    return WorkflowDetail.of_version(head, version)


@router.get("/workflows/")
def list_workflows(services: Use, principal: Who, limit: Limit = 20, cursor: Cursor = None) -> WorkflowList:
    """Workflows that you see, newest first."""
    page = services.workflows.list_heads(limit, cursor, principal.audience)
    return WorkflowList(items=[WorkflowSummary.of(head) for head in page.items], cursor=page.cursor)


@router.post("/workflows/validate", responses=problem_responses(413), openapi_extra=WORKFLOW_BODY)
def validate_workflow(document: Body, services: Use, principal: Who) -> ValidationReport:
    """All that keeps a document from being saved; nothing is saved."""
    problems = services.workflows.find_problems(document, principal.user)
    items = [ProblemItem.model_validate(problem.as_dict()) for problem in problems]
    return ValidationReport(valid=not items, problems=items)


@router.get("/workflows/{workflow_id}", responses=problem_responses(404, 409))
def get_workflow(
    workflow_id: Id, response: Response, services: Use, version: VersionQuery = "draft"
) -> WorkflowDetail:
    """A workflow with its document; the ETag is its revision."""
    return _detail(response, services, workflow_id, read_version(version))


@router.put(
    "/workflows/{workflow_id}", responses=problem_responses(404, 409, 412, 413), openapi_extra=WORKFLOW_BODY
)
def update_workflow(
    workflow_id: Id,
    document: Document,
    response: Response,
    services: Use,
    access: Trail,
    message: Message = None,
    if_match: IfMatch = None,
) -> WorkflowDetail:
    """Save a new version, the draft; what is live stays. With If-Match, only if nobody was faster."""
    note = SaveNote(access.principal.user, message)
    head, version = services.workflows.update(workflow_id, document, read_if_match(if_match), note)
    # What was before stands in the version before: versions never change.
    access.note(before={"version": head.version - 1}, after=noted(head))
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowDetail.of_version(head, version)


@router.delete("/workflows/{workflow_id}", status_code=204, responses=problem_responses(404, 409, 412))
def delete_workflow(workflow_id: Id, services: Use, access: Trail, if_match: IfMatch = None) -> None:
    """Delete a workflow and its state machine; what it ran stays readable."""
    access.note(before=noted(services.workflows.workflows.get_head(workflow_id)))
    services.workflows.delete(workflow_id, read_if_match(if_match))


@router.get("/workflows/{workflow_id}/plan", responses=problem_responses(404, 409), response_model=Plan)
def get_plan(workflow_id: Id, services: Use, version: VersionQuery = "draft") -> Any:
    """What the workflow compiles to, and what the compiler knows of it."""
    return services.workflows.plan(workflow_id, read_version(version))
