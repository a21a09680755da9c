"""Recompiling: the same document, planned anew with the durations of past executions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.durations import Durations
from engine.durations_port import DurationStore
from engine.errors import RevisionConflictError
from engine.json_value import JsonObject
from engine.ports import WorkflowHead, WorkflowStore, WorkflowVersion
from engine.service.save import Plan, SaveNote, WorkflowSaver
from engine.settled import settled_nodes
from engine.workflow import Workflow

MESSAGE = "Recompiled with the durations of past executions"


@dataclass(frozen=True)
class Recompiled:
    """What recompiling did, or would do: both reports predict with the present durations.

    ``made`` is whether the definition changed, so that there is a new version (or would be, on a dry run).
    ``unknown`` are nodes of whose durations nothing is known: while there are any, levels are planned.
    """

    head: WorkflowHead
    version: WorkflowVersion
    made: bool
    unknown: tuple[str, ...]
    profile: JsonObject
    before: JsonObject
    after: JsonObject


@dataclass(frozen=True)
class RecompileService:
    """Use cases of durations and profiles."""

    workflows: WorkflowStore
    saver: WorkflowSaver
    durations: DurationStore

    def read(self, workflow_id: str) -> tuple[Durations, JsonObject]:
        """What is known of a workflow's nodes, and the profile that it makes; NotFoundError."""
        self.workflows.get_head(workflow_id)
        known = self.durations.get(workflow_id)
        return known, known.to_profile()

    def recompile(
        self, workflow_id: str, expected_revision: int | None, note: SaveNote, *, dry_run: bool = False
    ) -> Recompiled:
        """Plan the draft anew. Where its definition changes that is a new version of the same document.

        What is live stays. NotFoundError; RevisionConflictError when the head is not at ``expected_revision``
        (None: wherever it is) or moves meanwhile.
        """
        head = self.workflows.get_head(workflow_id)
        if expected_revision is not None and head.revision != expected_revision:
            raise RevisionConflictError(workflow_id, expected_revision, head.revision)
        latest = self.workflows.get_version(workflow_id, head.version)
        workflow, profile = latest.workflow, self.saver.present_profile(workflow_id)
        # Without any durations nothing is planned anew: those of the version before may still hold.
        compiled = self.saver.compile(workflow, profile or latest.profile)
        before = self.saver.compile(workflow, latest.profile, measured=profile)
        made = bool(profile) and compiled.digest != latest.definition_digest
        if made and not dry_run:
            plan = Plan(workflow, compiled, profile)
            head, latest = self.saver.save_plan(
                plan, head, replace(note, message=note.message or MESSAGE), latest
            )
        unknown = self._unknown(workflow, profile)
        return Recompiled(head, latest, made, unknown, profile, before.report, compiled.report)

    def _unknown(self, workflow: Workflow, profile: JsonObject) -> tuple[str, ...]:
        """Nodes that keep the compiler from planning with durations."""
        settled = {node.id for node in settled_nodes(workflow)}
        return tuple(
            node.id
            for node in workflow.nodes
            if node.id not in settled
            and not node.disabled
            and not self.saver.registry.get(node.type).light
            and node.id not in profile.get("durations", ())
            and node.type not in profile.get("type_durations", ())
        )
