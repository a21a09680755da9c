"""Workflows as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from engine.json_value import JsonObject
from engine.ports import WorkflowHead, WorkflowVersion
from engine.workflow import MachineType
from functions.api.problem import ProblemItem


class WorkflowSummary(BaseModel):
    """A workflow in a list."""

    id: str
    name: str
    description: str | None
    tags: list[str]
    revision: int = Field(description="Send it back in If-Match when you save.")
    version: int = Field(description="The draft: the last version that was saved.")
    live_version: int | None = Field(description="The published version, which triggers run.")
    published_at: datetime | None
    published_by: str | None
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
            live_version=head.live_version,
            published_at=head.published_at,
            published_by=head.published_by,
            node_count=head.node_count,
            created_at=head.created_at,
            updated_at=head.updated_at,
            owner=head.ownership.owner,
            groups=list(head.ownership.groups),
        )


class WorkflowDetail(WorkflowSummary):
    """A workflow with the document of one version, and who saved that."""

    workflow: JsonObject = Field(description="The document.")
    saved_at: datetime
    author: str
    message: str | None
    mode: MachineType = Field(description="The type of its state machine.")
    state_machine_version_arn: str

    @classmethod
    def of_version(cls, head: WorkflowHead, version: WorkflowVersion) -> WorkflowDetail:
        """From the head and the version shown."""
        summary = WorkflowSummary.of(head).model_dump() | {"version": version.version}
        return cls(
            **summary,
            workflow=version.workflow.as_document(),
            saved_at=version.created_at,
            author=version.author,
            message=version.message,
            mode=version.mode,
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
    author: str
    message: str | None
    restored_from: int | None = Field(description="The older version that this one equals.")
    mode: MachineType = Field(description="The type of its state machine.")
    state_machine_version_arn: str

    @classmethod
    def of(cls, version: WorkflowVersion) -> VersionSummary:
        """From the version."""
        return cls(**_version_fields(version))


class VersionDetail(VersionSummary):
    """A version with its document."""

    workflow_id: str
    workflow: JsonObject = Field(description="The document.")

    @classmethod
    def of(cls, version: WorkflowVersion) -> VersionDetail:
        """From the version."""
        document = version.workflow.as_document()
        return cls(**_version_fields(version), workflow_id=version.workflow_id, workflow=document)


def _version_fields(version: WorkflowVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "name": version.workflow.name,
        "node_count": len(version.workflow.nodes),
        "created_at": version.created_at,
        "author": version.author,
        "message": version.message,
        "restored_from": version.restored_from,
        "mode": version.mode,
        "state_machine_version_arn": version.state_machine_version_arn,
    }


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
    profile: JsonObject = Field(description="The durations that the version was planned with; {}: none.")
    definition: JsonObject = Field(description="The Amazon States Language document.")
    report: JsonObject = Field(description="What the compiler knows of it: states, limits, cost, waits.")
