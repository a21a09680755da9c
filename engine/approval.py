"""Approvals: what a person is asked, what they decided, and how a node asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from engine.errors import ConflictError, MiniN8nError, NodeError
from engine.execution import Record
from engine.json_value import JsonObject

# What an approval is woken by begins so; see `engine.node.Pending`.
APPROVAL_PREFIX = "ap_"


class Decision(Record):
    """How a question ended; ``by`` is what somebody calls themselves, for the link alone is their right."""

    outcome: Literal["approved", "rejected", "expired"]
    decided_at: datetime
    by: str | None = None
    comment: str | None = None
    data: JsonObject = Field(default_factory=dict)


class Approval(Record):
    """A question to a person, of one node run."""

    approval_id: str
    execution_id: str
    node_id: str
    item: int | None = None
    workflow_name: str
    title: str
    message: str
    form: JsonObject | None = None
    asked_at: datetime
    expires_at: datetime
    decision: Decision | None = None


class ApprovalDecidedError(ConflictError):
    """The question was answered before."""


class ApprovalClosedError(MiniN8nError):
    """The question is not open any more: nobody answered in time, or its execution has ended."""


@dataclass(frozen=True)
class Question:
    """What a node asks."""

    title: str
    message: str
    form: JsonObject | None
    expires_at: datetime


@dataclass(frozen=True)
class ApprovalLinks:
    """Where a person approves or rejects; who has a link has the right."""

    approval_id: str
    approve_url: str
    reject_url: str


class Approvals(Protocol):
    """Asks people for one node run. Their answer wakes the node by the approval's id."""

    async def ask(self, question: Question) -> ApprovalLinks:
        """Ask; a node run that asks again goes on with the question that it asked first."""

    async def find(self) -> Approval:
        """The question of this node run, with the answer if there is one; NodeError without a question."""

    async def expire(self) -> Approval:
        """Close the question, unless somebody was faster: the question with how it ended."""


class NoApprovals:
    """Refuses: the default of a context made by hand, and of functions that may not sign links."""

    async def ask(self, question: Question) -> ApprovalLinks:
        """Refuse with NodeError."""
        raise NodeError(
            f"cannot ask '{question.title}' from here: only node types of the executor 'flow' ask people"
        )

    async def find(self) -> Approval:
        """Refuse with NodeError."""
        raise NodeError("there are no approvals here")

    async def expire(self) -> Approval:
        """Refuse with NodeError."""
        raise NodeError("there are no approvals here")
