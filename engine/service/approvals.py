"""Approvals: nodes ask, who has a link answers, once; the answer wakes the node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from engine.access.audit_service import AuditService
from engine.approval import (
    APPROVAL_PREFIX,
    Approval,
    ApprovalClosedError,
    ApprovalDecidedError,
    ApprovalLinks,
    Decision,
    Question,
)
from engine.approval_token import Action, ApprovalToken, read_token
from engine.errors import NodeError, NotFoundError, RequestError
from engine.execution import Execution
from engine.form import read_answers
from engine.json_value import JsonObject, digest
from engine.ports import Clock, ExecutionStore
from engine.service.waker import Waker

MAX_NAME_CHARACTERS, MAX_COMMENT_CHARACTERS = 200, 2_000


@dataclass(frozen=True)
class ApprovalSigner:
    """Makes links; ``key`` reads the secret that signs them when it is first needed."""

    key: Callable[[], str]
    public_url: str

    def links(self, approval: Approval) -> ApprovalLinks:
        """Where this approval is answered."""
        return ApprovalLinks(
            approval.approval_id, self._url(approval, "approve"), self._url(approval, "reject")
        )

    def _url(self, approval: Approval, action: Action) -> str:
        token = ApprovalToken(approval.execution_id, approval.approval_id, action, approval.expires_at)
        return f"{self.public_url}/api/v1/approvals/{token.sign(self.key())}"


@dataclass(frozen=True)
class ApprovalDesk:
    """Hands nodes what they ask people with."""

    executions: ExecutionStore
    signer: ApprovalSigner
    clock: Clock

    def of(self, execution: Execution, node_id: str, item: int | None) -> NodeApprovals:
        """For one node run."""
        return NodeApprovals(self, execution, node_id, item)


@dataclass(frozen=True)
class NodeApprovals:
    """See `engine.approval.Approvals`."""

    desk: ApprovalDesk
    execution: Execution
    node_id: str
    item: int | None

    async def ask(self, question: Question) -> ApprovalLinks:
        """Ask, or go on with the question that stands."""
        return await asyncio.to_thread(self._ask, question)

    async def find(self) -> Approval:
        """The question of this node run."""
        return await asyncio.to_thread(self._find)

    async def expire(self) -> Approval:
        """Close the question, unless somebody was faster."""
        return await asyncio.to_thread(self._expire)

    @property
    def _approval_id(self) -> str:
        return approval_id(self.execution.execution_id, self.node_id, self.item)

    def _ask(self, question: Question) -> ApprovalLinks:
        approval = Approval(
            approval_id=self._approval_id,
            execution_id=self.execution.execution_id,
            node_id=self.node_id,
            item=self.item,
            workflow_name=self.execution.workflow_name,
            title=question.title,
            message=question.message,
            form=question.form,
            asked_at=self.desk.clock.now(),
            # Whole seconds, as the links have them.
            expires_at=question.expires_at.replace(microsecond=0),
        )
        return self.desk.signer.links(self.desk.executions.open_approval(approval))

    def _find(self) -> Approval:
        try:
            return self.desk.executions.get_approval(self.execution.execution_id, self._approval_id)
        except NotFoundError:
            raise NodeError(f"node '{self.node_id}' asked nobody") from None

    def _expire(self) -> Approval:
        approval = self._find()
        decision = Decision(outcome="expired", decided_at=self.desk.clock.now())
        standing = self.desk.executions.decide_approval(approval, decision)
        return standing or approval.model_copy(update={"decision": decision})


@dataclass(frozen=True)
class ApprovalService:
    """What a link is good for."""

    executions: ExecutionStore
    signer: ApprovalSigner
    waker: Waker
    audit: AuditService
    clock: Clock

    def read(self, text: str) -> tuple[Approval, Action]:
        """The open approval of a link, and what the link does.

        NotFoundError for a link that we did not make; ApprovalDecidedError; ApprovalClosedError when it has
        expired, or its execution has ended.
        """
        token = read_token(text, self.signer.key())
        approval = self.executions.get_approval(token.execution_id, token.approval_id)
        if approval.decision is not None:
            # Should who decided have died before that: waking once more does no harm.
            self.waker.wake(approval.execution_id, approval.approval_id)
            raise _decided(approval)
        if self.clock.now() >= token.expires_at:
            raise ApprovalClosedError(f"This link expired at {token.expires_at.isoformat()}.")
        if self.executions.get(token.execution_id).status.ended:
            raise ApprovalClosedError("This is not waited for any more: the execution that asked has ended.")
        return approval, token.action

    def decide(
        self, text: str, given: JsonObject, by: str | None, comment: str | None, source: str | None
    ) -> Approval:
        """Approve or reject, as the link says; the approval with its decision.

        What `read` raises; RequestError when what was filled in does not fit the form.
        """
        approval, action = self.read(text)
        for name, value, limit in (
            ("by", by, MAX_NAME_CHARACTERS),
            ("comment", comment, MAX_COMMENT_CHARACTERS),
        ):
            if value is not None and len(value) > limit:
                raise RequestError(f"{name} has {limit:,} characters at most.", name)
        decision = Decision(
            outcome="approved" if action == "approve" else "rejected",
            decided_at=self.clock.now(),
            by=by or None,
            comment=comment or None,
            # Who rejects owes no answers.
            data=read_answers(approval.form, given) if action == "approve" else {},
        )
        standing = self.executions.decide_approval(approval, decision)
        if standing is not None:
            raise _decided(standing)
        self.audit.record_decision(approval, decision, source)
        self.waker.wake(approval.execution_id, approval.approval_id)
        return approval.model_copy(update={"decision": decision})


def approval_id(execution_id: str, node_id: str, item: int | None) -> str:
    """The id that the approval of a node run has."""
    return f"{APPROVAL_PREFIX}{digest([execution_id, node_id, item])[:32]}"


def _decided(approval: Approval) -> ApprovalDecidedError | ApprovalClosedError:
    decision = approval.decision
    assert decision is not None  # noqa: S101 - who calls has looked
    if decision.outcome == "expired":
        return ApprovalClosedError(f"Nobody answered until {approval.expires_at.isoformat()}.")
    by = f" by {decision.by}" if decision.by else ""
    when = decision.decided_at.isoformat(timespec="seconds")
    return ApprovalDecidedError(f"This was {decision.outcome}{by} at {when} already; a link works once.")
