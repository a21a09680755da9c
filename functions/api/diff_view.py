"""What changed between two versions, as the API shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from engine.diff import FieldChange, WorkflowDiff
from engine.json_value import JsonObject, JsonValue
from engine.ports import WorkflowVersion

Kind = Literal["added", "removed", "changed"]


class FieldChangeView(BaseModel):
    """A value that came, went or changed."""

    kind: Kind
    field: str = Field(description="Dotted path, as problems spell it.")
    path: list[str | int] = Field(description="The same path in its parts, where a key may hold a dot.")
    old: JsonValue = Field(description="null where it was not there.")
    new: JsonValue = Field(description="null where it is not there any more.")

    @classmethod
    def of(cls, change: FieldChange) -> FieldChangeView:
        """From the change."""
        return cls(
            kind=change.kind, field=change.field, path=list(change.path), old=change.old, new=change.new
        )


class NodeChangeView(BaseModel):
    """A node that came, went or changed."""

    kind: Kind
    node_id: str
    node: JsonObject | None = Field(description="The node that came or went.")
    fields: list[FieldChangeView] = Field(description="Of a node that changed: each field that differs.")


class ConnectionChangeView(BaseModel):
    """A connection that came, went, or leaves its node through another output."""

    kind: Kind
    source: str
    target: str
    old_output: str | None
    new_output: str | None


class DiffView(BaseModel):
    """All that makes the one version into the other."""

    workflow_id: str
    old_version: int
    new_version: int
    changed: bool
    reordered: bool = Field(description="Nodes or connections that stayed stand in another order.")
    fields: list[FieldChangeView] = Field(description="Of the workflow itself: name, tags, settings, …")
    nodes: list[NodeChangeView]
    connections: list[ConnectionChangeView]

    @classmethod
    def of(cls, before: WorkflowVersion, after: WorkflowVersion, diff: WorkflowDiff) -> DiffView:
        """From the two versions and what changed."""
        return cls(
            workflow_id=after.workflow_id,
            old_version=before.version,
            new_version=after.version,
            changed=not diff.empty,
            reordered=diff.reordered,
            fields=[FieldChangeView.of(change) for change in diff.fields],
            nodes=[
                NodeChangeView(
                    kind=change.kind,
                    node_id=change.node_id,
                    node=change.node,
                    fields=[FieldChangeView.of(part) for part in change.fields],
                )
                for change in diff.nodes
            ],
            connections=[
                ConnectionChangeView(
                    kind=change.kind,
                    source=change.source,
                    target=change.target,
                    old_output=change.old_output,
                    new_output=change.new_output,
                )
                for change in diff.connections
            ],
        )
