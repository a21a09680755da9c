"""Workflows in memory."""

from __future__ import annotations

from datetime import datetime
from threading import RLock

from engine.access.audience import Audience
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.memory.clock import ManualClock
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError, NotFoundError, RevisionConflictError
from engine.ports import Clock, Page, WorkflowHead, WorkflowVersion


class MemoryWorkflowStore:
    """Keeps WorkflowStore's promises; ``clock`` says when a deleted workflow's versions have expired."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or ManualClock()
        self._heads: dict[str, str] = {}
        self._versions: dict[tuple[str, int], str] = {}
        self._expiry: dict[tuple[str, int], datetime] = {}
        self._lock = RLock()

    def get_head(self, workflow_id: str) -> WorkflowHead:
        """The head; NotFoundError."""
        text = self._heads.get(workflow_id)
        if text is None:
            raise NotFoundError("workflow", workflow_id)
        return load_record(WorkflowHead, text)

    def get_version(self, workflow_id: str, version: int) -> WorkflowVersion:
        """A version that has not expired; NotFoundError."""
        text = self._versions.get((workflow_id, version))
        if text is None or self._expired(workflow_id, version):
            raise NotFoundError(f"version {version} of workflow", workflow_id)
        return load_record(WorkflowVersion, text)

    def list_heads(
        self, limit: int, cursor: str | None = None, audience: Audience | None = None
    ) -> Page[WorkflowHead]:
        """Heads that the audience sees, the newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        position = decode_cursor("workflows", cursor, parts=1)
        with self._lock:
            texts = sorted(self._heads.items(), reverse=True)
        below = [(key, text) for key, text in texts if position is None or key < position[0]]
        heads = [load_record(WorkflowHead, text) for _, text in below]
        seen = [head for head in heads if audience is None or audience.sees(head.ownership)]
        more = encode_cursor("workflows", [seen[limit - 1].workflow_id]) if len(seen) > limit else None
        return Page(tuple(seen[:limit]), more)

    def list_versions(self, workflow_id: str, limit: int, cursor: str | None = None) -> Page[WorkflowVersion]:
        """Versions, newest first."""
        check_limit(limit)
        listing = f"versions:{workflow_id}"
        position = decode_cursor(listing, cursor, parts=1)
        below = int(position[0]) if position else None
        with self._lock:
            numbers = sorted((n for name, n in self._versions if name == workflow_id), reverse=True)
            after = [n for n in numbers if (below is None or n < below) and not self._expired(workflow_id, n)]
            found = tuple(self.get_version(workflow_id, n) for n in after[:limit])
        return Page(found, encode_cursor(listing, [str(after[limit - 1])]) if len(after) > limit else None)

    def commit(self, head: WorkflowHead, version: WorkflowVersion, expected_revision: int | None) -> None:
        """Write a version and move the head to it, both or neither."""
        key = (version.workflow_id, version.version)
        with self._lock:
            self._check_revision(head.workflow_id, expected_revision, creating=expected_revision is None)
            if key in self._versions and not self._expired(*key):
                raise ConflictError(f"Workflow '{key[0]}' has a version {key[1]} already.")
            texts = dump_record(head), dump_record(version)
            self._heads[head.workflow_id], self._versions[key] = texts
            self._expiry.pop(key, None)

    def move_head(self, head: WorkflowHead, expected_revision: int) -> None:
        """Replace the head and write no version."""
        with self._lock:
            self._check_revision(head.workflow_id, expected_revision, creating=False)
            self._heads[head.workflow_id] = dump_record(head)

    def delete(self, workflow_id: str, expected_revision: int | None, expires_at: datetime) -> None:
        """Take the head away; versions stay readable until ``expires_at``."""
        with self._lock:
            self._check_revision(workflow_id, expected_revision, creating=False)
            del self._heads[workflow_id]
            for key in self._versions:
                if key[0] == workflow_id:
                    self._expiry.setdefault(key, expires_at)

    def _expired(self, workflow_id: str, version: int) -> bool:
        expires_at = self._expiry.get((workflow_id, version))
        return expires_at is not None and expires_at <= self._clock.now()

    def _check_revision(self, workflow_id: str, expected: int | None, *, creating: bool) -> None:
        head = self.get_head(workflow_id) if workflow_id in self._heads else None
        if head is None and not creating:
            raise NotFoundError("workflow", workflow_id)
        if head is not None and (creating or expected not in (None, head.revision)):
            raise RevisionConflictError(workflow_id, expected, head.revision)
