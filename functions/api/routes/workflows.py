"""Workflows: save, read, validate, plan."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from engine.errors import RequestError
from engine.json_value import JsonObject
from engine.ports import WorkflowHead
from engine.workflow import Workflow
from functions.api.access import Trail, Who
from functions.api.body import json_body, read_object
from functions.api.paging import Cursor, Id, Limit
from functions.api.problem import ProblemItem, problem_responses
from functions.api.services import Services, get_services
from functions.api.workflow_view import (
    Plan,
    ValidationReport,
    VersionList,
    VersionSummary,
    WorkflowDetail,
    WorkflowList,
    WorkflowSummary,
)

# A version's number has eight digits where it is stored.
MAX_VERSION = 99_999_999

router = APIRouter(tags=["workflows"])
Use = Annotated[Services, Depends(get_services)]
Document = Annotated[JsonObject, Depends(read_object)]
IfMatch = Annotated[str | None, Header(description='The revision that you read, as `"3"`; or `*`.')]
PathVersion = Annotated[int, Path(ge=1, le=MAX_VERSION)]
VersionNumber = Annotated[
    int | None, Query(ge=1, le=MAX_VERSION, description="A version other than the latest.")
]
WORKFLOW_BODY = json_body(
    Workflow.model_json_schema(),
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


def _noted(head: WorkflowHead) -> JsonObject:
    """What the audit trail says of a workflow: the document itself may hold what people typed into it."""
    return {
        "name": head.name,
        "version": head.version,
        "revision": head.revision,
        "node_count": head.node_count,
        "owner": head.ownership.owner,
    }


def _detail(response: Response, services: Services, workflow_id: str, version: int | None) -> WorkflowDetail:
    head, found = services.workflows.get(workflow_id, version)
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowDetail.of_version(head, found)


@router.post(
    "/workflows/", status_code=201, responses=problem_responses(409, 413), openapi_extra=WORKFLOW_BODY
)
def create_workflow(document: Document, response: Response, services: Use, access: Trail) -> WorkflowDetail:
    """Save a new workflow of yours: it is compiled, and its state machine published."""
    head, version = services.workflows.create(document, access.principal.user)
    access.note(f"workflow:{head.workflow_id}", after=_noted(head))
    response.headers["ETag"] = f'"{head.revision}"'
    response.headers["Location"] = f"{services.public_url}/api/v1/workflows/{head.workflow_id}"
    return WorkflowDetail.of_version(head, version)


@router.get("/workflows/")
def list_workflows(services: Use, principal: Who, limit: Limit = 20, cursor: Cursor = None) -> WorkflowList:
    """Workflows that you see, newest first."""
    page = services.workflows.list_heads(limit, cursor, principal.audience)
    return WorkflowList(items=[WorkflowSummary.of(head) for head in page.items], cursor=page.cursor)


@router.post("/workflows/validate", openapi_extra=WORKFLOW_BODY)
def validate_workflow(document: Document, services: Use) -> ValidationReport:
    """All that keeps a document from being saved; nothing is saved."""
    problems = services.workflows.find_problems(document)
    items = [ProblemItem.model_validate(problem.as_dict()) for problem in problems]
    return ValidationReport(valid=not items, problems=items)


@router.get("/workflows/{workflow_id}", responses=problem_responses(404))
def get_workflow(
    workflow_id: Id, response: Response, services: Use, version: VersionNumber = None
) -> WorkflowDetail:
    """A workflow with its document; the ETag is its revision."""
    return _detail(response, services, workflow_id, version)


@router.put(
    "/workflows/{workflow_id}", responses=problem_responses(404, 409, 412), openapi_extra=WORKFLOW_BODY
)
def update_workflow(
    workflow_id: Id,
    document: Document,
    response: Response,
    services: Use,
    access: Trail,
    if_match: IfMatch = None,
) -> WorkflowDetail:
    """Save a new version. With If-Match, only if nobody else saved since you read."""
    head, version = services.workflows.update(workflow_id, document, read_if_match(if_match))
    # What was before stands in the version before: versions never change.
    access.note(before={"version": head.version - 1}, after=_noted(head))
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowDetail.of_version(head, version)


@router.delete("/workflows/{workflow_id}", status_code=204, responses=problem_responses(404, 409, 412))
def delete_workflow(workflow_id: Id, services: Use, access: Trail, if_match: IfMatch = None) -> None:
    """Delete a workflow and its state machine; what it ran stays readable."""
    access.note(before=_noted(services.workflows.workflows.get_head(workflow_id)))
    services.workflows.delete(workflow_id, read_if_match(if_match))


@router.get("/workflows/{workflow_id}/versions", responses=problem_responses(404))
def list_versions(workflow_id: Id, services: Use, limit: Limit = 20, cursor: Cursor = None) -> VersionList:
    """Versions, newest first."""
    page = services.workflows.list_versions(workflow_id, limit, cursor)
    items = [
        VersionSummary(
            version=version.version,
            name=version.workflow.name,
            node_count=len(version.workflow.nodes),
            created_at=version.created_at,
            state_machine_version_arn=version.state_machine_version_arn,
        )
        for version in page.items
    ]
    return VersionList(items=items, cursor=page.cursor)


@router.get("/workflows/{workflow_id}/versions/{version}", responses=problem_responses(404))
def get_version(workflow_id: Id, version: PathVersion, response: Response, services: Use) -> WorkflowDetail:
    """One version with its document."""
    return _detail(response, services, workflow_id, version)


@router.get("/workflows/{workflow_id}/plan", responses=problem_responses(404), response_model=Plan)
def get_plan(workflow_id: Id, services: Use, version: VersionNumber = None) -> Any:
    """What the workflow compiles to, and what the compiler knows of it."""
    return services.workflows.plan(workflow_id, version)
