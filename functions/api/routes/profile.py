"""Durations of past executions, and planning anew with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from engine.service.save import SaveNote
from functions.api.access import Trail
from functions.api.json_response import SafeJsonResponse
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.profile_view import ProfileView, RecompileView
from functions.api.router import guarded_router
from functions.api.routes.workflows import IfMatch, noted, read_if_match
from functions.api.services import Services, get_services
from functions.api.version_query import Message

router = guarded_router("workflows")
Use = Annotated[Services, Depends(get_services)]
Format = Annotated[
    Literal["full", "file"],
    Query(description="`file`: what `compile --profile` reads, as a download."),
]


@router.get("/workflows/{workflow_id}/profile", responses=problem_responses(404), response_model=ProfileView)
def get_profile(workflow_id: Id, services: Use, format: Format = "full") -> Any:
    """How long the nodes took: the median of their last runs, and those."""
    known, profile = services.recompile.read(workflow_id)
    if format == "file":
        name = f'attachment; filename="{workflow_id}.profile.json"'
        return SafeJsonResponse(profile, headers={"Content-Disposition": name})
    return ProfileView.of(workflow_id, known, profile)


@router.post("/workflows/{workflow_id}/recompile", responses=problem_responses(404, 409, 412))
def recompile_workflow(
    workflow_id: Id,
    response: Response,
    services: Use,
    access: Trail,
    message: Message = None,
    dry_run: Annotated[bool, Query(description="Say what would come of it, and make no version.")] = False,
    if_match: IfMatch = None,
) -> RecompileView:
    """Plan the draft anew with the present durations: a new version of the same document, and what it gains.

    No version is made where the definition stays the same. What is live stays until you publish.
    """
    note = SaveNote(access.principal.user, message)
    found = services.recompile.recompile(workflow_id, read_if_match(if_match), note, dry_run=dry_run)
    if found.made and not dry_run:
        access.note(before={"version": found.head.version - 1}, after=noted(found.head))
    response.headers["ETag"] = f'"{found.head.revision}"'
    return RecompileView.of(found, dry_run=dry_run)
