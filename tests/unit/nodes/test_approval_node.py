from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from engine.approval import Approval, ApprovalLinks, Decision, Question
from engine.errors import NodeError, RetryableNodeError
from engine.node import NodeContext, NodeResult
from nodes.approval_node import ApprovalNode
from tests.unit.nodes.node_bench import make_context, run
from tests.unit.nodes.raw_server import RawServer, reply

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
Outcome = Literal["approved", "rejected", "expired"]


class OneQuestion:
    """Approvals that keep one question."""

    def __init__(self) -> None:
        self.approval: Approval | None = None

    async def ask(self, question: Question) -> ApprovalLinks:
        asked = {"approval_id": "ap_1", "execution_id": "ex_1", "node_id": "ask", "workflow_name": "Test"}
        self.approval = self.approval or Approval(**asked, **vars(question), asked_at=NOW)
        return ApprovalLinks("ap_1", "https://x.test/approve", "https://x.test/reject")

    async def find(self) -> Approval:
        assert self.approval is not None
        return self.approval

    async def expire(self) -> Approval:
        return self.decide("expired")

    def decide(self, outcome: Outcome, **more: Any) -> Approval:
        assert self.approval is not None
        if self.approval.decision is None:
            decision = Decision(outcome=outcome, decided_at=NOW, **more)
            self.approval = self.approval.model_copy(update={"decision": decision})
        return self.approval


@pytest.fixture
def desk() -> OneQuestion:
    return OneQuestion()


@pytest.fixture
def context(desk: OneQuestion) -> NodeContext:
    return replace(make_context(), now=NOW, approvals=desk)


def poll(config: dict[str, Any], context: NodeContext) -> NodeResult:
    return asyncio.run(ApprovalNode(config).poll({}, context))


def test_it_waits_for_the_answer_and_looks_once_a_day(context: NodeContext) -> None:
    for seconds, looked in ((60, 61), (1_000_000, 86_400)):
        pending = run(
            ApprovalNode({"expires_after_seconds": seconds}), replace(context, approvals=OneQuestion())
        )
        assert pending.pending_work is not None
        assert (pending.pending_work.poll_after_seconds, pending.pending_work.wake) == (looked, "ap_1")


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
def test_it_leaves_through_what_was_decided(
    outcome: Outcome, desk: OneQuestion, context: NodeContext
) -> None:
    run(ApprovalNode({}), context)
    desk.decide(outcome, by="Ada", data={"a": 1})
    result = poll({}, context)
    assert (result.output_name, result.values["output"], result.values["by"]) == (outcome, {"a": 1}, "Ada")


def test_at_the_end_of_its_time_the_first_who_writes_wins(desk: OneQuestion, context: NodeContext) -> None:
    run(ApprovalNode({"expires_after_seconds": 60}), context)
    late = replace(context, now=NOW + timedelta(seconds=60))
    assert poll({}, late).output_name == "expired"
    desk.decide("approved")
    assert poll({}, late).output_name == "expired"


def test_who_is_to_be_told_gets_the_question_with_its_links(raw: RawServer, context: NodeContext) -> None:
    raw.answers["/hook"] = reply(b"ok")
    told = replace(context, http=make_context(f"127.0.0.1:{raw.port}").http)
    run(ApprovalNode({"title": "T", "message": "M", "notify_url": f"{raw.origin}/hook"}), told)
    [request] = raw.received
    body = json.loads(request.body)
    assert (request.method, body["title"], body["approve_url"]) == ("POST", "T", "https://x.test/approve")
    assert body["text"] == "T\n\nM\n\nApprove: https://x.test/approve\n\nReject: https://x.test/reject"


@pytest.mark.parametrize(("status", "raised"), [(503, RetryableNodeError), (400, NodeError)])
def test_an_address_that_does_not_take_it(
    status: int, raised: type[NodeError], raw: RawServer, context: NodeContext
) -> None:
    raw.answers["/hook"] = reply(b"no", status=f"{status} No")
    told = replace(context, http=make_context(f"127.0.0.1:{raw.port}").http)
    with pytest.raises(raised) as refused:
        run(ApprovalNode({"notify_url": f"{raw.origin}/hook"}), told)
    assert (type(refused.value), refused.value.field) == (raised, "config.notify_url")
    assert "x.test" not in str(refused.value)
