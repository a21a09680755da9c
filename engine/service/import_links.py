"""The workflows of an import as they will stand: what they name is looked at before any is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.access.audience import Ownership
from engine.ports import WorkflowHead, WorkflowStore, WorkflowVersion
from engine.workflow import Workflow


@dataclass(frozen=True)
class PlannedWorkflow:
    """A workflow of the file under the id that it will have; ``head`` is what stands there now."""

    workflow: Workflow
    ownership: Ownership
    head: WorkflowHead | None

    @property
    def version(self) -> int:
        """The version that it will be."""
        return 1 if self.head is None else self.head.version + 1

    @property
    def live_version(self) -> int:
        """What is live, or else the version to come: an import publishes nothing, and needs nothing live."""
        return (self.head.live_version if self.head else None) or self.version


@dataclass(frozen=True)
class PlannedWorkflows:
    """What is stored, and over it what is planned."""

    stored: WorkflowStore
    planned: Mapping[str, PlannedWorkflow]
    now: datetime

    def get_head(self, workflow_id: str) -> WorkflowHead:
        """The head as it will be; NotFoundError."""
        plan = self.planned.get(workflow_id)
        if plan is None:
            return self.stored.get_head(workflow_id)
        return WorkflowHead(
            workflow_id,
            plan.workflow.name,
            revision=plan.version,
            version=plan.version,
            created_at=self.now,
            updated_at=self.now,
            node_count=len(plan.workflow.nodes),
            ownership=plan.ownership,
            live_version=plan.live_version,
        )

    def get_version(self, workflow_id: str, version: int) -> WorkflowVersion:
        """A version as it is, or will be; NotFoundError."""
        plan = self.planned.get(workflow_id)
        if plan is None or version != plan.version:
            return self.stored.get_version(workflow_id, version)
        return WorkflowVersion(workflow_id, version, plan.workflow, self.now, "", "")
