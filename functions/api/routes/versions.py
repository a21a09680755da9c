"""Versions: list, read, compare, restore; publish one as the live version."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from functions.api.access import Trail
from functions.api.answer_size import check_answer_size
from functions.api.diff_view import DiffView
from functions.api.paging import Cursor, Id, Limit
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.routes.workflows import IfMatch, noted, read_if_match
from functions.api.services import Services, get_services
from functions.api.version_query import (
    FromVersion,
    Message,
    PublishedVersion,
    ToVersion,
    VersionNumber,
    read_version,
)
from functions.api.workflow_view import (
    VersionDetail,
    VersionList,
    VersionSummary,
    WorkflowDetail,
    WorkflowSummary,
)

router = guarded_router("versions")
Use = Annotated[Services, Depends(get_services)]


@router.get("/workflows/{workflow_id}/versions", responses=problem_responses(404))
def list_versions(workflow_id: Id, services: Use, limit: Limit = 20, cursor: Cursor = None) -> VersionList:
    """Versions with author, time and message, newest first."""
    page = services.workflows.list_versions(workflow_id, limit, cursor)
    return VersionList(items=[VersionSummary.of(version) for version in page.items], cursor=page.cursor)


@router.get("/workflows/{workflow_id}/versions/{version}", responses=problem_responses(404))
def get_version(workflow_id: Id, version: VersionNumber, services: Use) -> VersionDetail:
    """One version with its document."""
    _, found = services.workflows.get(workflow_id, version)
    return VersionDetail.of(found)


@router.post(
    "/workflows/{workflow_id}/versions/{version}/restore",
    status_code=201,
    responses=problem_responses(404, 409, 412),
)
def restore_version(
    workflow_id: Id,
    version: VersionNumber,
    response: Response,
    services: Use,
    access: Trail,
    message: Message = None,
    if_match: IfMatch = None,
) -> WorkflowDetail:
    """Save a new version that equals an old one. What is live stays."""
    expected = read_if_match(if_match)
    user = access.principal.user
    head, found = services.versions.restore(workflow_id, version, expected, user, message)
    access.note(before={"version": head.version - 1}, after={"restored_from": version, **noted(head)})
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowDetail.of_version(head, found)


@router.get("/workflows/{workflow_id}/diff", responses=problem_responses(404, 409))
def compare_versions(workflow_id: Id, services: Use, old: FromVersion, new: ToVersion = "draft") -> DiffView:
    """What changed between two versions: nodes and connections added, removed, changed field by field."""
    before, after, diff = services.versions.compare(workflow_id, read_version(old), read_version(new))
    view = DiffView.of(before, after, diff)
    check_answer_size(view.model_dump(mode="json"), "read the two versions instead", "from")
    return view


@router.post("/workflows/{workflow_id}/publish", responses=problem_responses(404, 409, 412))
def publish_workflow(
    workflow_id: Id,
    response: Response,
    services: Use,
    access: Trail,
    version: PublishedVersion = "draft",
    if_match: IfMatch = None,
) -> WorkflowSummary:
    """Make a version the live one: triggers run it, whatever is saved later."""
    expected = read_if_match(if_match)
    user = access.principal.user
    head = services.versions.publish(workflow_id, read_version(version), expected, user)
    access.note(after=noted(head))
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowSummary.of(head)


@router.post("/workflows/{workflow_id}/unpublish", responses=problem_responses(404, 409, 412))
def unpublish_workflow(
    workflow_id: Id, response: Response, services: Use, access: Trail, if_match: IfMatch = None
) -> WorkflowSummary:
    """Leave no version live: triggers run nothing."""
    head = services.versions.unpublish(workflow_id, read_if_match(if_match))
    access.note(after=noted(head))
    response.headers["ETag"] = f'"{head.revision}"'
    return WorkflowSummary.of(head)
