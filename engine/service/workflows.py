"""Workflows: validate, save as immutable versions, read, delete, explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from engine.access.audience import Audience, Ownership
from engine.access.principal import Principal
from engine.durations_port import DurationStore
from engine.errors import (
    ConflictError,
    DocumentError,
    NotFoundError,
    Problem,
    RevisionConflictError,
)
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject
from engine.machine import StateMachines
from engine.ports import (
    Clock,
    ExecutionFilter,
    ExecutionStore,
    Page,
    WorkflowHead,
    WorkflowStore,
    WorkflowVersion,
)
from engine.registry import NodeRegistry
from engine.service.save import SaveNote, WorkflowSaver
from engine.service.version_choice import VersionChoice, choose_version
from engine.service.visibility import check_sharing
from engine.workflow import DEFAULT_RETENTION_DAYS, Workflow

# Versions that are read at once to find out how long executions are kept.
VERSIONS_PAGE = 50
# Saves that may come between while a workflow is shared.
SHARE_ATTEMPTS = 5
# Saves that may come between while one is saved that asks for no revision.
SAVE_ATTEMPTS = 20


@dataclass(frozen=True)
class WorkflowService:
    """Use cases of workflows."""

    workflows: WorkflowStore
    executions: ExecutionStore
    machines: StateMachines
    registry: NodeRegistry
    targets: Mapping[str, str]
    clock: Clock
    durations: DurationStore
    release_triggers: Callable[[str], int] = lambda _: 0
    """Deletes the triggers of a workflow, by its id; how many there were."""
    retention_days: int = DEFAULT_RETENTION_DAYS
    """Of executions whose workflow does not say; see `engine.settings`."""

    def find_problems(self, document: JsonObject, owner: str | None = None) -> tuple[Problem, ...]:
        """All that keeps the document from being saved as a new one of the owner's; nothing if it can be."""
        try:
            workflow = self.saver.read(document, Ownership(owner))
            self.saver.check(workflow, Ownership(owner))
        except DocumentError as error:
            return error.problems
        return ()

    def create(
        self, document: JsonObject, note: SaveNote = SaveNote()
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save a new workflow; DocumentError with all problems, and then nothing is saved."""
        return self.saver.create(self.saver.read(document, Ownership(note.owner)), note)

    def update(
        self,
        workflow_id: str,
        document: JsonObject,
        expected_revision: int | None,
        note: SaveNote = SaveNote(),
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save a new version.

        NotFoundError; DocumentError; RevisionConflictError when the head is not at ``expected_revision``, or
        moves while this saves. With None it is saved wherever the head is, after whoever came between;
        ConflictError when that are too many.
        """
        workflow: Workflow | None = None
        for _ in range(SAVE_ATTEMPTS):
            head = self.workflows.get_head(workflow_id)
            if expected_revision is not None and head.revision != expected_revision:
                raise RevisionConflictError(workflow_id, expected_revision, head.revision)
            workflow = workflow or self.saver.read(document, head.ownership, workflow_id)
            try:
                return self.saver.save(workflow, head, note)
            except RevisionConflictError:
                if expected_revision is not None:
                    raise
        raise ConflictError(f"Workflow '{workflow_id}' is being saved by others; try again.")

    def get(self, workflow_id: str, choice: VersionChoice = "draft") -> tuple[WorkflowHead, WorkflowVersion]:
        """The head, and the version asked for; NotFoundError; ConflictError where nothing is live."""
        head = self.workflows.get_head(workflow_id)
        return head, self.workflows.get_version(workflow_id, choose_version(head, choice))

    def list_heads(
        self, limit: int, cursor: str | None, audience: Audience | None = None
    ) -> Page[WorkflowHead]:
        """Workflows that the audience sees (None: all), newest first."""
        return self.workflows.list_heads(limit, cursor, audience)

    def share(
        self, workflow_id: str, principal: Principal, wanted: Ownership
    ) -> tuple[WorkflowHead, WorkflowHead]:
        """Change whose it is; the head before and after. NotFoundError, ForbiddenError, ConflictError."""
        for _ in range(SHARE_ATTEMPTS):
            before = self.workflows.get_head(workflow_id)
            check_sharing(principal, before.ownership, wanted)
            # The next revision: a save that read the head before cannot undo this.
            after = replace(before, ownership=wanted, revision=before.revision + 1)
            try:
                self.workflows.move_head(after, before.revision)
            except RevisionConflictError:
                continue
            return before, after
        raise ConflictError(f"Workflow '{workflow_id}' is being saved by others; try again.")

    def list_versions(self, workflow_id: str, limit: int, cursor: str | None) -> Page[WorkflowVersion]:
        """Versions, newest first; NotFoundError."""
        self.workflows.get_head(workflow_id)
        return self.workflows.list_versions(workflow_id, limit, cursor)

    def delete(self, workflow_id: str, expected_revision: int | None) -> None:
        """Delete a workflow, its triggers and its state machine; one that stopped halfway is finished.

        Its executions are kept until their time is over, and for so long the versions that they ran.
        ConflictError while executions run: Step Functions would end them at their next state.
        """
        try:
            self.workflows.get_head(workflow_id)
        except NotFoundError:
            if not self.release_triggers(workflow_id):
                raise
            self.machines.delete(workflow_id)
            return
        running = ExecutionFilter(workflow_id=workflow_id, status=ExecutionStatus.RUNNING)
        if self.executions.list_executions(running, 1).items:
            raise ConflictError(
                f"Workflow '{workflow_id}' has running executions. Cancel them, or let them end, then delete."
            )
        expires_at = self.clock.now() + timedelta(days=self._longest_retention_days(workflow_id) + 1)
        self.workflows.delete(workflow_id, expected_revision, expires_at)
        self.release_triggers(workflow_id)
        self.machines.delete(workflow_id)

    def _longest_retention_days(self, workflow_id: str) -> int:
        """Days for which an execution of any version may be kept from now on."""
        longest, cursor = max(self.retention_days, DEFAULT_RETENTION_DAYS), None
        while True:
            page = self.workflows.list_versions(workflow_id, VERSIONS_PAGE, cursor)
            asked = (version.workflow.settings.retention_days or 0 for version in page.items)
            longest = max(longest, *asked)
            if (cursor := page.cursor) is None:
                return longest

    def plan(self, workflow_id: str, choice: VersionChoice = "draft") -> JsonObject:
        """What the workflow compiles to, and what the compiler knows of it."""
        _, found = self.get(workflow_id, choice)
        compiled = self.saver.compile(found.workflow, found.profile)
        return {
            "workflow_id": workflow_id,
            "version": found.version,
            "state_machine_version_arn": found.state_machine_version_arn,
            "profile": found.profile,
            "definition": compiled.definition,
            "report": compiled.report,
        }

    @property
    def saver(self) -> WorkflowSaver:
        """How versions come to be."""
        return WorkflowSaver(
            self.workflows, self.machines, self.registry, self.targets, self.clock, self.durations
        )
