"""Workflows as the API shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from engine.json_value import JsonObject
from engine.ports import WorkflowHead, WorkflowVersion
from functions.api.problem import ProblemItem


class WorkflowSummary(BaseModel):
    """A workflow in a list."""

    id: str
    name: str
    description: str | None
    tags: list[str]
    revision: int = Field(description="Send it back in If-Match when you save.")
    version: int = Field(description="The version that an execution started now would run.")
    node_count: int
    created_at: datetime
    updated_at: datetime
    owner: str | None = Field(description="Whose it is; null: the administrators'.")
    groups: list[str] = Field(description="Groups that it is shared with.")

    @classmethod
    def of(cls, head: WorkflowHead) -> WorkflowSummary:
        """From the head."""
        return cls(
            id=head.workflow_id,
            name=head.name,
            description=head.description,
            tags=list(head.tags),
            revision=head.revision,
            version=head.version,
            node_count=head.node_count,
            created_at=head.created_at,
            updated_at=head.updated_at,
            owner=head.ownership.owner,
            groups=list(head.ownership.groups),
        )


class WorkflowDetail(WorkflowSummary):
    """A workflow with its document."""

    workflow: JsonObject = Field(description="The document.")
    state_machine_version_arn: str

    @classmethod
    def of_version(cls, head: WorkflowHead, version: WorkflowVersion) -> WorkflowDetail:
        """From the head and the version shown."""
        summary = WorkflowSummary.of(head).model_dump() | {"version": version.version}
        return cls(
            **summary,
            workflow=version.workflow.as_document(),
            state_machine_version_arn=version.state_machine_version_arn,
        )


class WorkflowList(BaseModel):
    """A page of workflows."""

    items: list[WorkflowSummary]
    cursor: str | None = Field(description="Ask for the next page with it; null: this was the last.")


class VersionSummary(BaseModel):
    """A version in a list."""

    version: int
    name: str
    node_count: int
    created_at: datetime
    state_machine_version_arn: str


class VersionList(BaseModel):
    """A page of versions, newest first."""

    items: list[VersionSummary]
    cursor: str | None


class ValidationReport(BaseModel):
    """Whether a document could be saved, and all that keeps it from that."""

    valid: bool
    problems: list[ProblemItem]


class Plan(BaseModel):
    """What a workflow compiles to."""

    workflow_id: str
    version: int
    state_machine_version_arn: str
    definition: JsonObject = Field(description="The Amazon States Language document.")
    report: JsonObject = Field(description="What the compiler knows of it: states, limits, cost, waits.")
