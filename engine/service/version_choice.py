"""Which version of a workflow is meant: the draft, the live one, or one by its number."""

from __future__ import annotations

from typing import Literal, TypeAlias

from engine.ports import WorkflowHead

VersionChoice: TypeAlias = int | Literal["draft", "live"]


def choose_version(head: WorkflowHead, choice: VersionChoice) -> int:
    """The number of the version; what was saved last is also what is live."""
    return head.version if choice in ("draft", "live") else int(choice)
