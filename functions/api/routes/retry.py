"""Trying executions again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from engine.service.start_request import RetryRequest
from functions.api.access import Who
from functions.api.execution_view import ExecutionDetail
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.routes.executions import IdempotencyKey, answer_start
from functions.api.services import Services, get_services
from functions.api.start_body import RETRY_BODY, RetryBody, read_retry_body
from functions.api.version_query import read_version

router = guarded_router("executions")
Use = Annotated[Services, Depends(get_services)]
ANSWERS: dict[str, Any] = {
    "status_code": 202,
    "responses": problem_responses(404, 409, 413),
    "openapi_extra": RETRY_BODY,
}


class NodeAgain(BaseModel):
    """A node whose result was not kept."""

    node_id: str
    reason: str


class RetryDetail(ExecutionDetail):
    """A retry, with what it kept of the execution before it."""

    kept_nodes: list[str] = Field(description="Nodes whose results (or skips) are kept.")
    again: list[NodeAgain] = Field(description="Nodes that run, or are decided, again; and why.")


def take_retry(
    asked: Annotated[RetryBody, Depends(read_retry_body)],
    services: Use,
    principal: Who,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Callable[[str], RetryDetail]:
    """What a request for a retry asks, to be done to the execution that its path names."""

    def retry(execution_id: str) -> RetryDetail:
        wanted = None if asked.version is None else read_version(str(asked.version))
        request = RetryRequest(idempotency_key, wanted, asked.inputs, principal)
        execution, created = services.executions.retry(execution_id, request)
        detail = answer_start(services, response, (execution, created), 0)
        response.status_code = 202
        report = services.executions.retry_report(execution)
        again = [NodeAgain(node_id=node_id, reason=reason) for node_id, reason in report.again.items()]
        return RetryDetail(**dict(detail), kept_nodes=list(report.kept), again=again)

    return retry


Retry = Annotated[Callable[[str], RetryDetail], Depends(take_retry)]


@router.post("/executions/{execution_id}/retry", **ANSWERS)
def retry_execution(execution_id: Id, retry: Retry) -> RetryDetail:
    """Try an execution again that failed or was stopped: finished results are kept, the rest runs.

    A new execution of the same version with the same inputs; it names the one it retries. With a `version`
    it is of that one: results are kept where the node, its connections and everything before it are the
    same, and a succeeded execution may be tried again too.
    """
    return retry(execution_id)


@router.post("/workflows/{workflow_id}/executions/{execution_id}/retry", **ANSWERS)
def retry_workflow_execution(workflow_id: Id, execution_id: Id, services: Use, retry: Retry) -> RetryDetail:
    """The same, of an execution of this workflow."""
    services.executions.get(execution_id, workflow_id)
    return retry(execution_id)
