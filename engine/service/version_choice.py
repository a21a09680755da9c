"""Which version of a workflow is meant: the draft, the live one, or one by its number."""

from __future__ import annotations

from engine.child import VersionChoice
from engine.errors import ConflictError
from engine.ports import WorkflowHead

__all__ = ["VersionChoice", "choose_version"]


def choose_version(head: WorkflowHead, choice: VersionChoice) -> int:
    """The number of the version; ConflictError for ``live`` where nothing is published."""
    if choice == "draft":
        return head.version
    if choice != "live":
        return choice
    if head.live_version is None:
        raise ConflictError(
            f"Workflow '{head.workflow_id}' has no live version. Publish one, or name a version or the draft."
        )
    return head.live_version
