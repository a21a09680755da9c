"""Executions that nodes start: with the rights of the owner, once for each node run and key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from engine.access.audience import Ownership, may_use
from engine.child import ChildExecution, VersionChoice, WorkflowReference
from engine.errors import ConflictError, ExecutionEndedError, NodeError, NotFoundError, RequestError
from engine.execution import Execution, ParentLink
from engine.json_value import JsonValue
from engine.ports import WorkflowHead
from engine.service.executions import ExecutionService
from engine.service.start_request import StartRequest

# Executions above an execution. Cycles are refused when one saves, but what a node names may change later.
MAX_DEPTH = 10


@dataclass(frozen=True)
class ChildStarter:
    """Hands nodes what they start executions with."""

    executions: ExecutionService

    def of(self, execution: Execution, node_id: str, item: int | None) -> NodeWorkflows:
        """For one node run."""
        return NodeWorkflows(self.executions, execution, node_id, item)


@dataclass(frozen=True)
class NodeWorkflows:
    """See `engine.child.Workflows`."""

    executions: ExecutionService
    execution: Execution
    node_id: str
    item: int | None

    async def start(self, reference: WorkflowReference, inputs: Mapping[str, JsonValue], key: str) -> str:
        """Start an execution of what is referred to."""
        return await asyncio.to_thread(self._start, reference, inputs, key)

    async def find(self, execution_id: str) -> ChildExecution:
        """How an execution stands that this node run started."""
        return await asyncio.to_thread(self._find, execution_id)

    def _start(self, reference: WorkflowReference, inputs: Mapping[str, JsonValue], key: str) -> str:
        head = self._head(reference.workflow_id)
        item = "" if self.item is None else str(self.item)
        request = StartRequest(
            reference.workflow_id,
            dict(inputs),
            idempotency_key="/".join((self.execution.execution_id, self.node_id, item, key)),
            bypass_cache=self.execution.bypass_cache,
            trigger="workflow",
            version=self._version(head, reference.version),
            parent=self._link(),
        )
        try:
            child, _ = self.executions.start(request)
        except ConflictError as error:
            raise NodeError(str(error), field="config.version") from None
        except NotFoundError:
            raise NodeError(
                f"workflow '{reference.workflow_id}' has no version {reference.version}",
                field="config.version",
            ) from None
        except RequestError as error:
            told = "; ".join(problem.message for problem in error.problems) or str(error)
            message = f"the inputs do not fit workflow '{head.name}': {told}"
            raise NodeError(message, field="config.inputs") from None
        self._stop_if_late(child)
        return child.execution_id

    def _find(self, execution_id: str) -> ChildExecution:
        refused = NodeError(f"node '{self.node_id}' did not start an execution '{execution_id}'")
        try:
            child = self.executions.get(execution_id)
        except NotFoundError:
            raise refused from None
        parent = child.parent
        own = (self.execution.execution_id, self.node_id, self.item)
        if parent is None or (parent.execution_id, parent.node_id, parent.item) != own:
            raise refused
        return ChildExecution(
            child.execution_id,
            child.workflow_id,
            child.workflow_name,
            child.version,
            child.status,
            self.executions.values.load(child.output, child.output_claim),
            child.error,
        )

    def _head(self, workflow_id: str) -> WorkflowHead:
        """The workflow, if the one that the node stands in may start it."""
        ours = Ownership(self.execution.owner, self.execution.groups)
        try:
            head = self.executions.workflows.get_head(workflow_id)
            if not may_use(ours, head.ownership):
                raise NotFoundError("workflow", workflow_id)
        except NotFoundError:
            raise NodeError(
                f"there is no workflow '{workflow_id}' for this one; name one of the same owner, or share "
                "both with one group",
                field="config.workflow_id",
            ) from None
        return head

    def _version(self, head: WorkflowHead, choice: VersionChoice) -> VersionChoice:
        if choice == "live" and head.live_version is None:
            raise NodeError(
                f"workflow '{head.workflow_id}' has no live version; publish one, or name the draft",
                field="config.version",
            )
        return choice

    def _link(self) -> ParentLink:
        above = self.execution.parent
        depth = (above.depth if above else 0) + 1
        if depth > MAX_DEPTH:
            raise NodeError(
                f"{MAX_DEPTH} executions stand above this one already, each started by the one before: does "
                "a workflow start itself through others?",
                field="config.workflow_id",
            )
        return ParentLink(
            execution_id=self.execution.execution_id,
            node_id=self.node_id,
            item=self.item,
            depth=depth,
            after_failure=above.after_failure if above else False,
        )

    def _stop_if_late(self, child: Execution) -> None:
        """Stop the child where our own execution ended while it was started: nobody else would."""
        own = self.executions.executions.get(self.execution.execution_id)
        if own.status.ended and not child.status.ended:
            self.executions.stop(
                child, "ParentEnded", f"execution '{own.execution_id}' ended before it began"
            )
            raise ExecutionEndedError(f"execution '{own.execution_id}' has ended: {own.status}")
