"""The approval node: asks a person, by links, and leaves through what they decide; no function waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.form import form_problems
from engine.json_value import JsonObject
from engine.workflow import MAX_TIMEOUT_SECONDS
from nodes.base import (
    Approval,
    ApprovalLinks,
    BaseNode,
    Field,
    NodeConfig,
    NodeContext,
    NodeInputs,
    NodeOutput,
    NodeResult,
    Question,
)

OUTCOMES = ("approved", "rejected", "expired")
# The answer wakes the node; should that be lost, it looks once a day.
LAST_LOOK_SECONDS = 86_400


class ApprovalConfig(NodeConfig):
    """What is asked, until when, and who is told."""

    title: str = Field(
        "Approval needed", min_length=1, max_length=200, title="Title", description="The question in a line."
    )
    message: str = Field(
        "",
        max_length=20_000,
        title="Message",
        description="What the person needs to know; plain text.",
        examples=["{{ draft.output }}"],
        json_schema_extra={"x-widget": "textarea"},
    )
    form: dict[str, Any] | None = Field(
        None,
        title="Form",
        description="What to fill in when approving: a JSON Schema of an object with texts (enum; format "
        "date, email, textarea), numbers, integers and booleans.",
        examples=[{"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}],
        json_schema_extra={"x-widget": "json", "x-expression": False},
    )
    expires_after_seconds: int = Field(
        86_400,
        ge=1,
        le=MAX_TIMEOUT_SECONDS,
        strict=True,
        title="Expires after (seconds)",
        description="Then the links end, and the node leaves through expired. The workflow's own timeout "
        "(settings.timeout_seconds) must be longer.",
        json_schema_extra={"x-expression": False},
    )
    notify_url: str | None = Field(
        None,
        max_length=4_096,
        title="Notify",
        description="A public address that gets the question and its links as JSON (title, message, "
        "approve_url, reject_url, expires_at, text), such as a chat's incoming webhook.",
        examples=["https://hooks.example.com/approvals"],
    )


class ApprovalOutput(NodeOutput):
    """What was decided."""

    output: dict[str, Any] = Field(description="What was filled into the form.")
    outcome: str = Field(
        description="approved, rejected or expired: the output that the node leaves through."
    )
    by: str | None = Field(description="What the person called themselves.")
    comment: str | None
    decided_at: str = Field(description="ISO 8601.")


class ApprovalNode(BaseNode):
    """Asks, and waits to be woken by the answer, or for the end of its time."""

    type = "approval"
    title = "Approval"
    description = "Asks a person to approve or reject, by links that expire, with a form if need be."
    category = "flow"
    executor = "flow"
    outputs = OUTCOMES
    polls = True
    wakes = True
    reads_inputs = False
    default_timeout_seconds = MAX_TIMEOUT_SECONDS + 86_400  # expires_after_seconds is what bounds it
    Config = ApprovalConfig
    Output = ApprovalOutput
    config: ApprovalConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Ask, tell who is to be told, and wait."""
        expires_at = context.now + timedelta(seconds=self.config.expires_after_seconds)
        question = Question(self.config.title, self.config.message, self.config.form, expires_at)
        links = await context.approvals.ask(question)
        approval = await context.approvals.find()
        if approval.decision is None and self.config.notify_url is not None:
            await _notify(self.config.notify_url, approval, links, context)
        return await self._go_on(approval, context)

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        """Leave through what was decided, or through expired; or wait on."""
        return await self._go_on(await context.approvals.find(), context)

    async def _go_on(self, approval: Approval, context: NodeContext) -> NodeResult:
        left = (approval.expires_at - context.now).total_seconds()
        if approval.decision is None and left <= 0:
            approval = await context.approvals.expire()
        decision = approval.decision
        if decision is None:
            seconds = min(int(left) + 1, LAST_LOOK_SECONDS)
            return NodeResult.pending(seconds, {}, wake=approval.approval_id)
        return self.create_result(
            decision.data,
            output_name=decision.outcome,
            outcome=decision.outcome,
            by=decision.by,
            comment=decision.comment,
            decided_at=decision.decided_at.isoformat(),
        )

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """What keeps the form from being drawn."""
        form = config.get("form")
        problems = form_problems(form) if isinstance(form, dict) else []
        return [(f"config.form.{place}" if place else "config.form", message) for place, message in problems]

    @classmethod
    def longest_wait_seconds(cls, config: JsonObject) -> float | None:
        """Until it expires."""
        seconds = config.get(
            "expires_after_seconds", cls.Config.model_fields["expires_after_seconds"].default
        )
        return seconds if isinstance(seconds, int) else None


async def _notify(url: str, approval: Approval, links: ApprovalLinks, context: NodeContext) -> None:
    from nodes.json_post import post_json

    lines = [approval.title, approval.message, f"Approve: {links.approve_url}", f"Reject: {links.reject_url}"]
    await post_json(
        url,
        {
            "text": "\n\n".join(line for line in lines if line),
            "title": approval.title,
            "message": approval.message,
            "approve_url": links.approve_url,
            "reject_url": links.reject_url,
            "expires_at": approval.expires_at.isoformat(),
            "workflow_name": approval.workflow_name,
            "execution_id": approval.execution_id,
            "node_id": approval.node_id,
        },
        context,
        field="config.notify_url",
    )
