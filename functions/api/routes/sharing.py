"""Whose workflows and credentials are, and who else may see them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from engine.json_value import JsonObject
from functions.api.access import Trail
from functions.api.access_view import Sharing, SharingRequest
from functions.api.body import json_body, read_object
from functions.api.body_model import read_model
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("access")
Use = Annotated[Services, Depends(get_services)]
BODY = json_body(SharingRequest, example={"groups": ["ops"]})


def read_sharing(document: Annotated[JsonObject, Depends(read_object)]) -> SharingRequest:
    """The body; RequestError names the field."""
    return read_model(SharingRequest, document)


Asked = Annotated[SharingRequest, Depends(read_sharing)]


@router.put("/workflows/{workflow_id}/access", responses=problem_responses(404), openapi_extra=BODY)
def share_workflow(workflow_id: Id, asked: Asked, services: Use, access: Trail) -> Sharing:
    """Share a workflow with groups that you are in, each member by the role of their own."""
    standing = services.workflows.workflows.get_head(workflow_id)
    wanted = asked.ownership(standing.ownership)
    before, after = services.workflows.share(workflow_id, access.principal, wanted)
    services.visibility.forget(workflow_id)
    shown = Sharing.of(after.ownership)
    access.note(before=Sharing.of(before.ownership).model_dump(), after=shown.model_dump())
    return shown


@router.put("/credentials/{name}/access", responses=problem_responses(404), openapi_extra=BODY)
def share_credential(name: Id, asked: Asked, services: Use, access: Trail) -> Sharing:
    """Share a credential: workflows that are shared with one of the groups may use it."""
    standing = services.credentials.info(access.principal, name)
    wanted = asked.ownership(standing.ownership)
    before, after = services.credentials.share(access.principal, name, wanted)
    shown = Sharing.of(after.ownership)
    access.note(before=Sharing.of(before.ownership).model_dump(), after=shown.model_dump())
    return shown
