"""One node alone, with the results of others standing before it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Response

from engine.access.role import Permission
from engine.errors import ForbiddenError, NotFoundError, RequestError
from engine.execution import Execution, Selection
from engine.json_value import JsonObject
from engine.service.start_request import StartRequest
from functions.api.access import Who
from functions.api.execution_view import ExecutionDetail
from functions.api.paging import Id
from functions.api.router import guarded_router
from functions.api.routes.executions import START_ANSWERS, IdempotencyKey, Wait, answer_start
from functions.api.services import Services, get_services
from functions.api.start_body import RUN_NODE_BODY, RunNodeRequest, read_run_node_request
from functions.api.version_query import VersionQuery, read_version

router = guarded_router("executions")
NodeId = Annotated[str, Path(max_length=200)]


@router.post(
    "/workflows/{workflow_id}/nodes/{node_id}/run",
    status_code=202,
    responses=START_ANSWERS,
    openapi_extra=RUN_NODE_BODY,
)
def run_node(
    workflow_id: Id,
    node_id: NodeId,
    asked: Annotated[RunNodeRequest, Depends(read_run_node_request)],
    response: Response,
    services: Annotated[Services, Depends(get_services)],
    principal: Who,
    wait: Wait = 0,
    version: VersionQuery = "draft",
    idempotency_key: IdempotencyKey = None,
) -> ExecutionDetail:
    """Run one node alone, as an execution of its own that has nothing but this node to run.

    Results that you give take the permission to write workflows: they decide what the node does, with its
    credentials.
    """
    if asked.pinned and Permission.WORKFLOWS_WRITE not in principal.permissions:
        raise ForbiddenError(
            f"Giving results takes {Permission.WORKFLOWS_WRITE.value}; name an execution_id."
        )
    earlier = None
    if asked.execution_id is not None:
        services.visibility.require_execution(principal, asked.execution_id)
        earlier = _earlier(services, workflow_id, asked.execution_id)
    request = StartRequest(
        workflow_id,
        _inputs(services, earlier, asked.inputs),
        idempotency_key,
        asked.bypass_cache,
        version=read_version(version),
        principal=principal,
        selection=Selection(only=node_id, results_of=asked.execution_id),
        pins=asked.pinned,
        ignore_pins=asked.ignore_pins,
    )
    return answer_start(services, response, services.executions.start(request), wait)


def _earlier(services: Services, workflow_id: str, execution_id: str) -> Execution:
    try:
        return services.executions.get(execution_id, workflow_id)
    except NotFoundError:
        message = f"There is no execution '{execution_id}' of this workflow; name one of its own."
        raise RequestError(message, "execution_id") from None


def _inputs(services: Services, earlier: Execution | None, given: JsonObject) -> JsonObject:
    if earlier is None:
        return given
    before: JsonObject = services.executions.inputs_of(earlier)
    return before | given
