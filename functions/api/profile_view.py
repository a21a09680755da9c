"""Durations and what a recompilation gains, as the API shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from engine.durations import Durations
from engine.json_value import JsonObject
from engine.service.recompile import Recompiled


class NodeProfile(BaseModel):
    """What is known of one node."""

    node_id: str
    type: str
    seconds: float = Field(description="The median of the samples: what the compiler plans with.")
    samples: list[float] = Field(description="Seconds of the last runs, the newest last.")


class ProfileView(BaseModel):
    """How long the nodes of a workflow took; ``durations`` and ``type_durations`` are the profile of it."""

    workflow_id: str
    updated_at: datetime | None = Field(description="Null: no execution has taught anything yet.")
    nodes: list[NodeProfile]
    durations: dict[str, float] = Field(description="Seconds by node id.")
    type_durations: dict[str, float] = Field(description="Seconds by node type, for nodes that are new.")

    @classmethod
    def of(cls, workflow_id: str, known: Durations, profile: JsonObject) -> ProfileView:
        """From what is known."""
        nodes = [
            NodeProfile(node_id=node_id, type=of.node_type, seconds=of.median, samples=list(of.seconds))
            for node_id, of in sorted(known.nodes.items())
        ]
        return cls(workflow_id=workflow_id, updated_at=known.updated_at, nodes=nodes, **profile)


class Forecast(BaseModel):
    """What one execution of a definition costs, and takes by the present durations."""

    makespan_seconds: float | None = Field(description="Null where a node's duration is not known.")
    critical_path_seconds: float | None
    state_transitions: int
    lambda_invocations: int

    @classmethod
    def of(cls, report: JsonObject) -> Forecast:
        """From the compiler's report."""
        predicted = report["predicted"] or {}
        return cls(
            makespan_seconds=predicted.get("makespan_seconds"),
            critical_path_seconds=predicted.get("critical_path_seconds"),
            state_transitions=report["state_transitions"],
            lambda_invocations=report["lambda_invocations"],
        )


class RecompileView(BaseModel):
    """What recompiling did, or would do."""

    workflow_id: str
    revision: int
    version: int = Field(description="The draft: the new version, or the one that stays.")
    changed: bool = Field(description="Whether the definition is another, which makes a new version.")
    dry_run: bool
    reason: str
    before: Forecast
    after: Forecast
    gain_seconds: float | None = Field(description="How much sooner an execution is predicted to end.")
    unknown_nodes: list[str] = Field(description="Nodes of whose durations nothing is known.")

    @classmethod
    def of(cls, found: Recompiled, *, dry_run: bool) -> RecompileView:
        """From what was done."""
        before, after = Forecast.of(found.before), Forecast.of(found.after)
        seconds = (before.makespan_seconds, after.makespan_seconds)
        gain = None if None in seconds else round((seconds[0] or 0.0) - (seconds[1] or 0.0), 6)
        return cls(
            workflow_id=found.head.workflow_id,
            revision=found.head.revision,
            version=found.version.version,
            changed=found.made,
            dry_run=dry_run,
            reason=_reason(found),
            before=before,
            after=after,
            gain_seconds=gain,
            unknown_nodes=list(found.unknown),
        )


def _reason(found: Recompiled) -> str:
    if not found.profile:
        return "No execution has ended yet, so no duration is known; execute the workflow, then recompile."
    if found.made:
        return "With the present durations the compiler finds another definition."
    if found.unknown:
        return "Nothing is known of some nodes' durations, and the compiler does not guess."
    return "With the present durations the compiler finds the definition that there is."
