"""Workflows: validate, save as immutable versions, read, delete, explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from engine.access.audience import Audience, Ownership
from engine.access.principal import Principal
from engine.compiler import Compiled, compile_workflow
from engine.errors import ConflictError, DocumentError, NotFoundError, Problem, RevisionConflictError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject
from engine.ports import (
    Clock,
    ExecutionFilter,
    ExecutionStore,
    Page,
    StateMachines,
    WorkflowHead,
    WorkflowStore,
    WorkflowVersion,
)
from engine.registry import NodeRegistry
from engine.service.visibility import check_sharing
from engine.validation import check_document
from engine.workflow import Workflow

# Versions of a deleted workflow stay readable, for the executions that name them.
KEEP_DELETED_DAYS = 90


@dataclass(frozen=True)
class WorkflowService:
    """Use cases of workflows."""

    workflows: WorkflowStore
    executions: ExecutionStore
    machines: StateMachines
    registry: NodeRegistry
    targets: Mapping[str, str]
    clock: Clock

    def find_problems(self, document: JsonObject) -> tuple[Problem, ...]:
        """All that keeps the document from being saved; nothing if it can be."""
        try:
            self._compile(check_document(document, self.registry))
        except DocumentError as error:
            return error.problems
        return ()

    def create(self, document: JsonObject, owner: str | None = None) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save a new workflow of this user; DocumentError with all problems, and then nothing is saved."""
        return self._save(check_document(document, self.registry), None, Ownership(owner))

    def update(
        self, workflow_id: str, document: JsonObject, expected_revision: int | None
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save a new version.

        NotFoundError; DocumentError; RevisionConflictError when the head is not at
        ``expected_revision`` (None: wherever it is), or moves while this saves.
        """
        head = self.workflows.get_head(workflow_id)
        if expected_revision is not None and head.revision != expected_revision:
            raise RevisionConflictError(workflow_id, expected_revision, head.revision)
        return self._save(check_document(document, self.registry), head, head.ownership)

    def get(self, workflow_id: str, version: int | None = None) -> tuple[WorkflowHead, WorkflowVersion]:
        """The head, and the version asked for or the latest; NotFoundError."""
        head = self.workflows.get_head(workflow_id)
        return head, self.workflows.get_version(workflow_id, head.version if version is None else version)

    def list_heads(
        self, limit: int, cursor: str | None, audience: Audience | None = None
    ) -> Page[WorkflowHead]:
        """Workflows that the audience sees (None: all), newest first."""
        return self.workflows.list_heads(limit, cursor, audience)

    def share(
        self, workflow_id: str, principal: Principal, wanted: Ownership
    ) -> tuple[WorkflowHead, WorkflowHead]:
        """Change whose the workflow is; the head before and after. NotFoundError, ForbiddenError."""
        before = self.workflows.get_head(workflow_id)
        check_sharing(principal, before.ownership, wanted)
        return before, self.workflows.set_ownership(workflow_id, wanted)

    def list_versions(self, workflow_id: str, limit: int, cursor: str | None) -> Page[WorkflowVersion]:
        """Versions, newest first; NotFoundError."""
        self.workflows.get_head(workflow_id)
        return self.workflows.list_versions(workflow_id, limit, cursor)

    def delete(self, workflow_id: str, expected_revision: int | None) -> None:
        """Delete a workflow and its state machine.

        ConflictError while executions run: Step Functions would end them at their next state.
        """
        self.workflows.get_head(workflow_id)
        running = ExecutionFilter(workflow_id=workflow_id, status=ExecutionStatus.RUNNING)
        if self.executions.list_executions(running, 1).items:
            raise ConflictError(
                f"Workflow '{workflow_id}' has running executions. Cancel them, or let them end, then delete."
            )
        expires_at = self.clock.now() + timedelta(days=KEEP_DELETED_DAYS)
        self.workflows.delete(workflow_id, expected_revision, expires_at)
        self.machines.delete(workflow_id)

    def plan(self, workflow_id: str, version: int | None = None) -> JsonObject:
        """What the workflow compiles to, and what the compiler knows of it."""
        _, found = self.get(workflow_id, version)
        compiled = self._compile(found.workflow)
        return {
            "workflow_id": workflow_id,
            "version": found.version,
            "state_machine_version_arn": found.state_machine_version_arn,
            "definition": compiled.definition,
            "report": compiled.report,
        }

    def _compile(self, workflow: Workflow) -> Compiled:
        return compile_workflow(workflow, self.registry, targets=self.targets)

    def _save(
        self, workflow: Workflow, head: WorkflowHead | None, ownership: Ownership
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        compiled = self._compile(workflow)
        now = self.clock.now()
        workflow_id = head.workflow_id if head else self.clock.new_id("wf")
        number = head.version + 1 if head else 1
        arn, published = self._publish(workflow_id, compiled, head)
        new_head = WorkflowHead(
            workflow_id=workflow_id,
            name=workflow.name,
            revision=head.revision + 1 if head else 1,
            version=number,
            created_at=head.created_at if head else now,
            updated_at=now,
            node_count=len(workflow.nodes),
            description=workflow.description,
            tags=workflow.tags,
            ownership=ownership,
        )
        version = WorkflowVersion(workflow_id, number, workflow, now, compiled.digest, arn, compiled.report)
        try:
            self.workflows.commit(new_head, version, head.revision if head else None)
        except (ConflictError, NotFoundError):
            if published:
                self._discard(workflow_id, arn)
            raise
        return new_head, version

    def _discard(self, workflow_id: str, arn: str) -> None:
        """Delete the machine version of a save that lost, unless the save that won has the same one."""
        try:
            _, won = self.get(workflow_id)
        except NotFoundError:
            # Deleted meanwhile, and its machine with all versions before this one was published.
            self.machines.delete(workflow_id)
            return
        if won.state_machine_version_arn != arn:
            self.machines.discard(arn)

    def _publish(self, workflow_id: str, compiled: Compiled, head: WorkflowHead | None) -> tuple[str, bool]:
        """The machine version that has this definition, and whether it was made for this save.

        A change that leaves the definition as it is (a prompt, a position) needs no new version:
        executors read the document, and updates of machines refill at one a second.
        """
        if head is not None:
            latest = self.workflows.get_version(workflow_id, head.version)
            if latest.definition_digest == compiled.digest:
                return latest.state_machine_version_arn, False
        return self.machines.publish(workflow_id, compiled.definition), True
