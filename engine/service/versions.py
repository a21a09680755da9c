"""Versions of a workflow: what changed between two, restoring one, publishing one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.diff import WorkflowDiff, compare_workflows
from engine.errors import RevisionConflictError
from engine.ports import Clock, WorkflowHead, WorkflowStore, WorkflowVersion
from engine.service.save import SaveNote, WorkflowSaver
from engine.service.version_choice import VersionChoice, choose_version

# Publishing touches nothing that a save writes, so where the caller names no revision it goes after whoever
# was faster. Saves come seconds apart; this many in a row is no coincidence.
PUBLISH_ATTEMPTS = 5


@dataclass(frozen=True)
class VersionService:
    """Use cases of versions."""

    workflows: WorkflowStore
    saver: WorkflowSaver
    clock: Clock

    def compare(
        self, workflow_id: str, old: VersionChoice, new: VersionChoice
    ) -> tuple[WorkflowVersion, WorkflowVersion, WorkflowDiff]:
        """Both versions and all that changed from the one to the other; NotFoundError, ConflictError."""
        head = self.workflows.get_head(workflow_id)
        before, after = (
            self.workflows.get_version(workflow_id, choose_version(head, choice)) for choice in (old, new)
        )
        return before, after, compare_workflows(before.workflow, after.workflow)

    def restore(
        self, workflow_id: str, version: int, expected_revision: int | None, author: str, message: str | None
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save a new version whose document equals that of an old one.

        NotFoundError; RevisionConflictError; DocumentError when the old document does not pass today's
        checks, since a node type may be gone.
        """
        head = self.workflows.get_head(workflow_id)
        if expected_revision is not None and head.revision != expected_revision:
            raise RevisionConflictError(workflow_id, expected_revision, head.revision)
        old = self.workflows.get_version(workflow_id, version)
        workflow = self.saver.read(old.workflow.as_document(), head.ownership, workflow_id)
        note = SaveNote(author, message or f"Restored version {version}", version)
        return self.saver.save(workflow, head, note)

    def publish(
        self, workflow_id: str, choice: VersionChoice, expected_revision: int | None, author: str
    ) -> WorkflowHead:
        """Make a version the live one: triggers run it from now on. The head as it stands then.

        NotFoundError; RevisionConflictError when the head is not at ``expected_revision`` (None: wherever
        it is). Publishing what is live already changes nothing.
        """
        return self._set_live(workflow_id, choice, expected_revision, author)

    def unpublish(self, workflow_id: str, expected_revision: int | None) -> WorkflowHead:
        """Leave no version live; the head as it stands then. NotFoundError; RevisionConflictError."""
        return self._set_live(workflow_id, None, expected_revision, None)

    def _set_live(
        self,
        workflow_id: str,
        choice: VersionChoice | None,
        expected_revision: int | None,
        author: str | None,
    ) -> WorkflowHead:
        attempts = 1 if expected_revision is not None else PUBLISH_ATTEMPTS
        while True:
            attempts -= 1
            head = self.workflows.get_head(workflow_id)
            if expected_revision is not None and head.revision != expected_revision:
                raise RevisionConflictError(workflow_id, expected_revision, head.revision)
            number = None if choice is None else choose_version(head, choice)
            if number == head.live_version:
                return head
            if number is not None:
                self.workflows.get_version(workflow_id, number)
            moved = replace(
                head,
                revision=head.revision + 1,
                live_version=number,
                published_at=None if number is None else self.clock.now(),
                published_by=author,
            )
            try:
                self.workflows.move_head(moved, head.revision)
            except RevisionConflictError:
                if attempts == 0:
                    raise
                continue
            return moved
