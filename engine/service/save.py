"""Saving: a document becomes a version, its definition a version of the state machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.access.audience import Ownership
from engine.durations_port import DurationStore
from engine.errors import ConflictError, DocumentError, NotFoundError, RequestError
from engine.json_value import JsonObject
from engine.machine import StateMachines
from engine.ports import Clock, WorkflowHead, WorkflowStore, WorkflowVersion
from engine.registry import NodeRegistry
from engine.service.link_check import LinkCheck
from engine.validation import check_document, sound_part
from engine.workflow import Workflow

if TYPE_CHECKING:
    from engine.compiler import Compiled

# A line of history; what is longer belongs into the workflow's description.
MAX_MESSAGE_CHARACTERS = 500


@dataclass(frozen=True)
class SaveNote:
    """What stands beside a version for ever: who saved it (``system``: nobody asked), and why."""

    author: str = "system"
    message: str | None = None
    restored_from: int | None = None
    # Whose a new workflow is; None: the administrators'. A version of one that stands leaves it whose it is.
    owner: str | None = None
    # Whether the workflows that it names were looked at before, as an import does for a whole file at once.
    links_are_checked: bool = False

    def __post_init__(self) -> None:
        """Refuse a message that is no line of history, with RequestError."""
        if self.message is not None and not 0 < len(self.message) <= MAX_MESSAGE_CHARACTERS:
            raise RequestError(f"A message has 1 to {MAX_MESSAGE_CHARACTERS} characters.", "message")


@dataclass(frozen=True)
class Plan:
    """A workflow with what it was compiled to, and the profile that it was planned with."""

    workflow: Workflow
    compiled: Compiled
    profile: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class WorkflowSaver:
    """Compiles, publishes the state machine, commits: all or nothing of it stays."""

    workflows: WorkflowStore
    machines: StateMachines
    registry: NodeRegistry
    targets: Mapping[str, str]
    clock: Clock
    durations: DurationStore

    def read(self, document: JsonObject, owner: Ownership, workflow_id: str | None = None) -> Workflow:
        """The document as a workflow; DocumentError with all problems, those of its links among them."""
        try:
            return check_document(document, self.registry)
        except DocumentError as error:
            sound = sound_part(document, self.registry)
            links = self._links.find(sound, owner, workflow_id) if sound is not None else ()
            raise DocumentError([*error.problems, *links]) from None

    def check(
        self,
        workflow: Workflow,
        owner: Ownership,
        workflow_id: str | None = None,
        profile: JsonObject | None = None,
        *,
        links_are_checked: bool = False,
    ) -> Compiled:
        """What the workflow compiles to; DocumentError with what is wrong with its links and its machine."""
        links = [] if links_are_checked else self._links.find(workflow, owner, workflow_id)
        try:
            compiled = self.compile(workflow, profile)
        except DocumentError as error:
            raise DocumentError([*links, *error.problems]) from None
        if links:
            raise DocumentError(links)
        return compiled

    @property
    def _links(self) -> LinkCheck:
        return LinkCheck(self.workflows, self.registry)

    def compile(
        self, workflow: Workflow, profile: JsonObject | None = None, measured: JsonObject | None = None
    ) -> Compiled:
        """What the workflow compiles to, planned with ``profile``; DocumentError.

        With ``measured`` the report predicts by those durations instead.
        """
        # With the first that is saved: few requests save.
        from engine.compiler import Profile, compile_workflow

        return compile_workflow(
            workflow,
            self.registry,
            targets=self.targets,
            profile=Profile.from_json(profile) if profile else None,
            measured=Profile.from_json(measured) if measured else None,
        )

    def create(
        self, workflow: Workflow, note: SaveNote, workflow_id: str | None = None
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save version 1 under a new id, or under ``workflow_id``, which must never have been used."""
        owner, now = Ownership(note.owner), self.clock.now()
        compiled = self.check(workflow, owner, workflow_id, links_are_checked=note.links_are_checked)
        workflow_id = workflow_id or self.clock.new_id("wf")
        head = WorkflowHead(workflow_id, workflow.name, 1, 1, now, now, 0, ownership=owner)
        return self._commit(_described(head, workflow), Plan(workflow, compiled), note, None)

    def save(
        self, workflow: Workflow, head: WorkflowHead, note: SaveNote
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save the next version after ``head``; it keeps the profile of that, unless its settings say other.

        DocumentError; RevisionConflictError or NotFoundError when the head is not there any more.
        """
        latest = self.workflows.get_version(head.workflow_id, head.version)
        profile = latest.profile
        if workflow.settings.recompile == "on_save":
            profile = self.present_profile(head.workflow_id) or profile
        checked = note.links_are_checked
        compiled = self.check(workflow, head.ownership, head.workflow_id, profile, links_are_checked=checked)
        return self.save_plan(Plan(workflow, compiled, profile), head, note, latest)

    def present_profile(self, workflow_id: str) -> JsonObject:
        """The durations of past executions as a profile; empty where there are none."""
        known = self.durations.get(workflow_id)
        return known.to_profile() if known.nodes else {}

    def save_plan(
        self, plan: Plan, head: WorkflowHead, note: SaveNote, latest: WorkflowVersion
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save what is compiled already as the next version after ``head``, whose version is ``latest``."""
        moved = replace(
            head, revision=head.revision + 1, version=head.version + 1, updated_at=self.clock.now()
        )
        return self._commit(_described(moved, plan.workflow), plan, note, latest)

    def _commit(
        self,
        head: WorkflowHead,
        plan: Plan,
        note: SaveNote,
        latest: WorkflowVersion | None,
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        arn, published = self._publish(head, plan.compiled, latest)
        version = WorkflowVersion(
            workflow_id=head.workflow_id,
            version=head.version,
            workflow=plan.workflow,
            created_at=head.updated_at,
            definition_digest=plan.compiled.digest,
            state_machine_version_arn=arn,
            report=plan.compiled.report,
            profile=plan.profile,
            author=note.author,
            message=note.message,
            restored_from=note.restored_from,
            mode=plan.compiled.mode,
        )
        try:
            self.workflows.commit(head, version, None if latest is None else head.revision - 1)
        except (ConflictError, NotFoundError):
            if published:
                self._discard(head.workflow_id, arn)
            raise
        return head, version

    def _discard(self, workflow_id: str, arn: str) -> None:
        """Delete the machine version of a save that lost, unless the save that won has the same one."""
        try:
            head = self.workflows.get_head(workflow_id)
            won = self.workflows.get_version(workflow_id, head.version)
        except NotFoundError:
            # Deleted meanwhile, and its machine with all versions before this one was published.
            self.machines.delete(workflow_id)
            return
        if won.state_machine_version_arn != arn:
            self.machines.discard(arn)

    def _publish(
        self, head: WorkflowHead, compiled: Compiled, latest: WorkflowVersion | None
    ) -> tuple[str, bool]:
        """The machine version that has this definition, and whether it was made for this save.

        A change that leaves the definition as it is (a prompt, a position) needs no new version:
        executors read the document, and updates of machines refill at one a second.
        """
        if latest is not None and latest.definition_digest == compiled.digest:
            return latest.state_machine_version_arn, False
        # What is saved now, should this save lose, and what triggers run.
        keep = self._live_arns(head) | ({latest.state_machine_version_arn} if latest else set())
        return self.machines.publish(head.workflow_id, compiled.definition, keep, compiled.mode), True

    def publish_part(self, head: WorkflowHead, part: Workflow, execution_id: str) -> tuple[str, JsonObject]:
        """A machine version that runs a part of a workflow for one execution: its ARN, and its report.

        A standard one always: parts are run by hand, watched and stopped, and nobody pays for them in bulk.
        It goes when the execution ends, so that what it is made of names the execution: no other execution
        and no saved version can have the same. DocumentError where the part is over a limit.
        """
        part = part.model_copy(update={"settings": part.settings.model_copy(update={"mode": "standard"})})
        draft = self.workflows.get_version(head.workflow_id, head.version)
        keep = self._live_arns(head) | {draft.state_machine_version_arn}
        compiled = self.compile(part, draft.profile)
        definition = compiled.definition | {"Comment": f"What runs of the workflow in {execution_id}"}
        return self.machines.publish(head.workflow_id, definition, keep), compiled.report

    def _live_arns(self, head: WorkflowHead) -> set[str]:
        if head.live_version is None:
            return set()
        live = self.workflows.get_version(head.workflow_id, head.live_version)
        return {live.state_machine_version_arn}


def _described(head: WorkflowHead, workflow: Workflow) -> WorkflowHead:
    """The head with what it repeats of the document."""
    return replace(
        head,
        name=workflow.name,
        description=workflow.description,
        tags=workflow.tags,
        node_count=len(workflow.nodes),
    )
