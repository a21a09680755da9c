"""Audit records: who did what to what, and how it stood before and after. Never a secret."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.json_value import JsonObject

Outcome = Literal["done", "refused"]


class AuditRecord(BaseModel):
    """One thing that was done, or refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audit_id: str
    at: datetime
    actor: str = Field(description="key:…, user:…, bootstrap, execution:…, trigger:…, approval:…, anonymous.")
    user: str | None = Field(None, description="The user that the actor acts for.")
    action: str = Field(description="What was done: workflow.update, sign_in.fail, credential.use, …")
    target: str | None = Field(None, description="What it was done to: `workflow:wf_…`.")
    outcome: Outcome = "done"
    source: str | None = Field(None, description="The address that the request came from.")
    before: JsonObject | None = None
    after: JsonObject | None = None
    detail: str | None = None


class AuditFilter(BaseModel):
    """Which records a list is about; None: any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: str | None = None
    user: str | None = None
    action: str | None = None
    target: str | None = None
    outcome: Outcome | None = None
    after: datetime | None = None
    before: datetime | None = None

    def matches(self, record: AuditRecord) -> bool:
        """Whether a record is one of those that are wanted; ``action`` may name a family (``workflow.``)."""
        wanted_action = self.action or ""
        return (
            self.actor in (None, record.actor)
            and self.user in (None, record.user)
            and (
                record.action.startswith(wanted_action)
                if wanted_action.endswith(".")
                else self.action in (None, record.action)
            )
            and self.target in (None, record.target)
            and self.outcome in (None, record.outcome)
            and (self.after is None or record.at >= self.after)
            and (self.before is None or record.at < self.before)
        )
