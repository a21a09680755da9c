"""Executions: start, watch, cancel, delete."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Response

from engine.errors import NotFoundError, RequestError
from engine.execution import Execution, ExecutionStatus, NodeRun, Selection
from engine.ports import ExecutionFilter
from engine.service.start_request import StartRequest
from engine.workflow import Node, Workflow
from functions.api.access import Access, Trail, Who
from functions.api.approval_view import pending_approval
from functions.api.execution_view import (
    Budget,
    ChildList,
    ExecutionDetail,
    ExecutionList,
    ExecutionSummary,
    ExecutionViewer,
    NodeRunList,
    NodeRunView,
)
from functions.api.paging import AFTER, BEFORE, Cursor, Id, Limit
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services
from functions.api.start_body import EXECUTE_BODY, ExecuteRequest, read_execute_request
from functions.api.version_query import VersionQuery, read_version
from functions.api.workflow_view import VersionDetail

# API Gateway waits 30 s for an answer
# (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
MAX_WAIT_SECONDS = 25

# Pages of nothing but other people's executions that one request passes over.
MAX_UNSEEN_PAGES = 5

router = guarded_router("executions")
Use = Annotated[Services, Depends(get_services)]
Status = Annotated[ExecutionStatus | None, Query(description="Those that stand so now.")]
ItemIndex = Annotated[int, Path(ge=0, lt=10**8, description="Index of the item, from 0.")]
Wait = Annotated[
    float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Answer when it has ended, or after so many seconds.")
]
IdempotencyKey = Annotated[
    str | None, Header(description="The same key starts one execution, however often it is sent.")
]


def view(services: Services, execution: Execution) -> ExecutionDetail:
    """An execution with all of its node runs."""
    runs: dict[str, NodeRun] = {}
    cursor: str | None = None
    while True:
        page = services.executions.node_runs(execution.execution_id, 1_000, cursor)
        runs.update({run.node_id: run for run in page.items})
        if (cursor := page.cursor) is None:
            break
    workflow = services.executions.document(execution).workflow
    return ExecutionViewer(services.blobs, services.public_url).detail(execution, workflow, runs)


START_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": ExecutionDetail, "description": "It has ended already."},
    **problem_responses(404, 409, 413),
}


def answer_start(
    services: Services, response: Response, started: tuple[Execution, bool], wait: float
) -> ExecutionDetail:
    """What a start answers: 202 with the execution, or 200 once it has ended."""
    execution, created = started
    if wait:
        execution = services.executions.wait(execution.execution_id, wait)
    response.headers["Location"] = f"{services.public_url}/api/v1/executions/{execution.execution_id}"
    if not created:
        response.headers["Idempotency-Replayed"] = "true"
    if execution.status.ended:
        response.status_code = 200
    return view(services, execution)


@router.post(
    "/workflows/{workflow_id}/execute",
    status_code=202,
    responses=START_ANSWERS,
    openapi_extra=EXECUTE_BODY,
)
def execute_workflow(
    workflow_id: Id,
    asked: Annotated[ExecuteRequest, Depends(read_execute_request)],
    response: Response,
    services: Use,
    principal: Who,
    wait: Wait = 0,
    version: VersionQuery = "draft",
    idempotency_key: IdempotencyKey = None,
) -> ExecutionDetail:
    """Start an execution; the answer comes at once, unless it is asked to wait.

    With `until` only that node and what it needs run; the others are skipped and cost nothing. Results that
    the draft pins stand in for runs of their nodes; a trigger, or the live version, never takes them.
    """
    request = StartRequest(
        workflow_id,
        asked.inputs,
        idempotency_key,
        asked.bypass_cache,
        version=read_version(version),
        principal=principal,
        selection=Selection(until=asked.until),
        ignore_pins=asked.ignore_pins,
        wait_seconds=wait,
    )
    return answer_start(services, response, services.executions.start(request), wait)


@router.get("/executions")
def list_executions(
    services: Use,
    principal: Who,
    workflow_id: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Executions of this workflow alone.")
    ] = None,
    status: Status = None,
    started_after: Annotated[datetime | None, Query(description=AFTER)] = None,
    started_before: Annotated[datetime | None, Query(description=BEFORE)] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ExecutionList:
    """Executions of workflows that you see, newest first."""
    for name, value in (("started_after", started_after), ("started_before", started_before)):
        if value is not None and value.tzinfo is None:
            raise RequestError(f"{name} needs a time zone, such as 2026-01-31T12:00:00Z.", name)
    wanted = ExecutionFilter(workflow_id, status, started_after, started_before)
    for _ in range(MAX_UNSEEN_PAGES):
        page = services.executions.list_executions(wanted, limit, cursor)
        seen = services.visibility.visible(principal, page.items)
        if seen or (cursor := page.cursor) is None:
            break
    return ExecutionList(items=[ExecutionSummary.of(item) for item in seen], cursor=page.cursor)


@router.get("/workflows/{workflow_id}/executions", responses=problem_responses(404))
def list_workflow_executions(
    workflow_id: Id,
    services: Use,
    status: Status = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ExecutionList:
    """Executions of one workflow, newest first."""
    services.workflows.workflows.get_head(workflow_id)
    page = services.executions.list_executions(ExecutionFilter(workflow_id, status), limit, cursor)
    return ExecutionList(items=[ExecutionSummary.of(item) for item in page.items], cursor=page.cursor)


@router.get("/executions/{execution_id}", responses=problem_responses(404))
def get_execution(execution_id: Id, services: Use) -> ExecutionDetail:
    """An execution: for each node its status, inputs, result, times, attempts, cache and error."""
    return view(services, services.executions.get(execution_id))


@router.get("/workflows/{workflow_id}/executions/{execution_id}", responses=problem_responses(404))
def get_workflow_execution(workflow_id: Id, execution_id: Id, services: Use) -> ExecutionDetail:
    """The same, of an execution of this workflow."""
    return view(services, services.executions.get(execution_id, workflow_id))


@router.get("/executions/{execution_id}/workflow", responses=problem_responses(404))
def get_execution_workflow(execution_id: Id, services: Use) -> VersionDetail:
    """The version that the execution runs, with its document, whatever was saved since."""
    return VersionDetail.of(services.executions.document(services.executions.get(execution_id)))


@router.get("/executions/{execution_id}/children", responses=problem_responses(404))
def list_children(execution_id: Id, services: Use, limit: Limit = 20, cursor: Cursor = None) -> ChildList:
    """The executions that this one started: by its nodes, and (without a node) by its failure."""
    services.executions.executions.get(execution_id)
    page = services.executions.executions.list_children(execution_id, limit, cursor)
    return ChildList(items=list(page.items), cursor=page.cursor)


@router.get("/executions/{execution_id}/nodes/{node_id}", responses=problem_responses(404))
def get_node_run(execution_id: Id, node_id: Id, services: Use, principal: Who) -> NodeRunView:
    """One node run; with what it asks a person, while it waits for an answer."""
    workflow, node = _node(services, execution_id, node_id)
    sources = [connection.source for connection in workflow.connections if connection.target == node_id]
    runs = services.executions.some_node_runs(execution_id, [node_id, *sources])
    viewer = ExecutionViewer(services.blobs, services.public_url)
    found = viewer.node_run(node, workflow, runs, runs.get(node_id), budget=Budget())
    found.approval = pending_approval(services, principal, runs.get(node_id))
    return found


@router.get("/executions/{execution_id}/nodes/{node_id}/items", responses=problem_responses(404))
def list_item_runs(
    execution_id: Id, node_id: Id, services: Use, limit: Limit = 20, cursor: Cursor = None
) -> NodeRunList:
    """Item runs of a for_each node, in order."""
    workflow, node = _node(services, execution_id, node_id)
    page = services.executions.item_runs(execution_id, node_id, limit, cursor)
    viewer, budget = ExecutionViewer(services.blobs, services.public_url), Budget()
    own = f"{services.public_url}/api/v1/executions/{execution_id}/nodes/{node_id}/items"
    views = [
        viewer.node_run(node, workflow, {}, run, budget=budget, own_url=f"{own}/{run.item}")
        for run in page.items
    ]
    return NodeRunList(items=views, cursor=page.cursor)


@router.get("/executions/{execution_id}/nodes/{node_id}/items/{item}", responses=problem_responses(404))
def get_item_run(execution_id: Id, node_id: Id, item: ItemIndex, services: Use) -> NodeRunView:
    """One item run."""
    workflow, node = _node(services, execution_id, node_id)
    run = services.executions.item_run(execution_id, node_id, item)
    viewer = ExecutionViewer(services.blobs, services.public_url)
    return viewer.node_run(node, workflow, {}, run, budget=Budget())


def _node(services: Services, execution_id: Id, node_id: str) -> tuple[Workflow, Node]:
    """The document that an execution runs, and a node of it; NotFoundError."""
    workflow = services.executions.document(services.executions.get(execution_id)).workflow
    for node in workflow.nodes:
        if node.id == node_id:
            return workflow, node
    raise NotFoundError("node", node_id)


@router.post("/executions/{execution_id}/cancel", responses=problem_responses(404, 409))
def cancel_execution(execution_id: Id, services: Use) -> ExecutionDetail:
    """Stop a running execution."""
    return view(services, services.executions.cancel(execution_id))


@router.post(
    "/workflows/{workflow_id}/executions/{execution_id}/cancel", responses=problem_responses(404, 409)
)
def cancel_workflow_execution(workflow_id: Id, execution_id: Id, services: Use) -> ExecutionDetail:
    """The same, of an execution of this workflow."""
    services.executions.get(execution_id, workflow_id)
    return view(services, services.executions.cancel(execution_id))


@router.delete("/executions/{execution_id}", status_code=204, responses=problem_responses(404, 409))
def delete_execution(execution_id: Id, services: Use, access: Trail) -> None:
    """Delete an ended execution, with its node runs, results and files.

    It is gone at once, what it made within seconds; but what a retry of it shares stays until that goes.
    """
    _delete(services, access, services.executions.get(execution_id))


@router.delete(
    "/workflows/{workflow_id}/executions/{execution_id}",
    status_code=204,
    responses=problem_responses(404, 409),
)
def delete_workflow_execution(workflow_id: Id, execution_id: Id, services: Use, access: Trail) -> None:
    """The same, of an execution of this workflow."""
    _delete(services, access, services.executions.get(execution_id, workflow_id))


def _delete(services: Services, access: Access, execution: Execution) -> None:
    kept = {"workflow_id", "version", "status", "trigger", "started_by", "started_at", "ended_at"}
    access.note(before=execution.model_dump(mode="json", include=kept))
    services.remover.delete(execution.execution_id)
