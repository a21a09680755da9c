"""What follows the end of an execution: its children stop, its parent goes on, its failure is handled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.access.audience import Ownership, may_use
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.execution import ChildLink, Execution, ExecutionStatus, ParentLink
from engine.json_value import JsonObject
from engine.node import INPUT_TYPE
from engine.ports import Metrics, WorkflowHead
from engine.service.executions import ExecutionService
from engine.service.link_check import FAILURE_INPUTS
from engine.service.start_request import StartRequest
from engine.service.version_choice import choose_version
from engine.service.waker import Waker
from engine.workflow import Workflow

log = logging.getLogger("mini_n8n.service")

FAILED = (ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)


@dataclass(frozen=True)
class Aftermath:
    """Follows ends. Everything here may be done again: an event that comes twice changes nothing."""

    service: Callable[[], ExecutionService]
    waker: Waker
    metrics: Metrics

    def follow(self, execution: Execution) -> None:
        """Do what the end of the execution asks for."""
        if execution.status is not ExecutionStatus.SUCCEEDED:
            self._stop_children(execution)
        parent = execution.parent
        if parent is not None and parent.node_id is not None:
            self.waker.wake(parent.execution_id, execution.execution_id)
        # A part that somebody runs while drawing is watched by them.
        whole = execution.selection.target is None
        if whole and execution.status in FAILED and not (parent is not None and parent.after_failure):
            self._handle_failure(execution)

    def _stop_children(self, execution: Execution) -> None:
        service = self.service()
        for link in self._children(execution.execution_id):
            try:
                child = service.executions.get(link.execution_id)
            except NotFoundError:
                continue  # noted, and then it could not be started
            if link.node_id is not None and not child.status.ended:
                cause = f"execution '{execution.execution_id}', which started it, has ended"
                service.stop(child, "ParentEnded", cause)

    def _children(self, execution_id: str) -> Iterator[ChildLink]:
        cursor: str | None = None
        while True:
            page = self.service().executions.list_children(execution_id, cursor=cursor)
            yield from page.items
            if (cursor := page.cursor) is None:
                return

    def _handle_failure(self, execution: Execution) -> None:
        """Start the error workflow of the version that ran; what cannot start is logged and counted."""
        service = self.service()
        workflow = service.document(execution).workflow
        wanted = workflow.settings.error_workflow
        if wanted is None:
            return
        try:
            head = service.workflows.get_head(wanted)
            if not may_use(Ownership(execution.owner, execution.groups), head.ownership):
                raise NotFoundError("workflow", wanted)
            service.start(self._request(execution, head, service))
        except (NotFoundError, ConflictError, RequestError) as error:
            self.metrics.count("ErrorWorkflowsNotStarted")
            log.error("the error workflow of execution %s was not started: %s", execution.execution_id, error)

    def _request(self, execution: Execution, head: WorkflowHead, service: ExecutionService) -> StartRequest:
        # What triggers run; a workflow that was never published has its draft alone.
        choice = choose_version(head, "draft" if head.live_version is None else "live")
        handler = service.workflows.get_version(head.workflow_id, choice).workflow
        above = execution.parent
        return StartRequest(
            head.workflow_id,
            failure_inputs(handler, execution),
            idempotency_key=f"{execution.execution_id}/failure",
            trigger="error",
            version=choice,
            parent=ParentLink(
                execution_id=execution.execution_id,
                depth=(above.depth if above else 0) + 1,
                after_failure=True,
            ),
        )


def failure_inputs(handler: Workflow, execution: Execution) -> JsonObject:
    """The failure, for those of `FAILURE_INPUTS` that the error workflow has."""
    names = {str(node.config.get("name") or node.id) for node in handler.nodes if node.type == INPUT_TYPE}
    about: JsonObject = {
        "id": execution.execution_id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "version": execution.version,
        "status": execution.status.value,
        "trigger": execution.trigger,
        "started_at": execution.started_at.isoformat(),
        "ended_at": execution.ended_at.isoformat() if execution.ended_at else None,
    }
    error = execution.error.model_dump(mode="json") if execution.error else None
    failure: JsonObject = {"failure": {"execution": about, "error": error}, "error": error}
    return {name: failure[name] for name in FAILURE_INPUTS if name in names}
