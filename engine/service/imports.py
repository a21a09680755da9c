"""Import: the workflows of an export file, after all of it was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from engine.access.audience import Audience, Ownership
from engine.bundle import Bundle, BundledWorkflow
from engine.errors import ConflictError, DocumentError, NotFoundError, Problem
from engine.json_equality import equal_json
from engine.ports import CredentialStore, WorkflowHead, WorkflowStore
from engine.service.exports import find_credentials
from engine.service.import_links import PlannedWorkflow, PlannedWorkflows
from engine.service.link_check import LinkCheck
from engine.service.save import SaveNote, WorkflowSaver
from engine.validation import check_document
from engine.workflow import Workflow

Ids: TypeAlias = Literal["keep", "new"]
OnConflict: TypeAlias = Literal["refuse", "rename", "version"]
Outcome: TypeAlias = Literal["created", "renamed", "version", "unchanged", "conflict"]


@dataclass(frozen=True)
class ImportOptions:
    """How to import. ``ids`` new gives every workflow a new id.

    ``on_conflict`` is for an id that is taken: refuse the whole file, give that workflow a new id
    (rename), or save it as the next version of the one that stands.
    """

    ids: Ids = "keep"
    on_conflict: OnConflict = "refuse"
    dry_run: bool = False
    # Who imports: what they do not see is neither compared nor changed. None: all.
    audience: Audience | None = None


@dataclass(frozen=True)
class ImportedWorkflow:
    """What became of a workflow, or would: ``workflow_id`` is None where a new id would be made.

    unchanged: the id is taken by an equal document, so nothing is written.
    """

    source_id: str
    name: str
    outcome: Outcome
    workflow_id: str | None
    version: int | None


@dataclass(frozen=True)
class ImportReport:
    """What became of a file, or would; names of credentials that are still to be stored."""

    dry_run: bool
    workflows: tuple[ImportedWorkflow, ...]
    missing_credentials: tuple[str, ...]


@dataclass(frozen=True)
class _Plan:
    item: BundledWorkflow
    workflow: Workflow
    outcome: Outcome
    head: WorkflowHead | None


@dataclass(frozen=True)
class ImportService:
    """Use cases of import."""

    workflows: WorkflowStore
    credentials: CredentialStore
    saver: WorkflowSaver

    def import_bundle(self, bundle: Bundle, options: ImportOptions, note: SaveNote) -> ImportReport:
        """Save the workflows of a file, or with ``dry_run`` tell what that would do.

        DocumentError with the problems of all documents; ConflictError with all ids that are taken (under
        ``refuse``): then nothing is saved. What was saved before a service failed is ``unchanged``, not a
        conflict, when the same file is imported again with its ids.
        """
        workflows = self._check(bundle)
        plans = [
            self._plan(item, workflow, options)
            for item, workflow in zip(bundle.workflows, workflows, strict=True)
        ]
        self._check_links(plans, Ownership(note.owner))
        if options.dry_run:
            done = [_foretell(plan) for plan in plans]
        else:
            _refuse_conflicts(plans)
            done = [self._save(plan, replace(note, links_are_checked=True)) for plan in plans]
        return ImportReport(options.dry_run, tuple(done), self._missing(workflows, options.audience))

    def _check(self, bundle: Bundle) -> list[Workflow]:
        workflows: list[Workflow] = []
        problems: list[Problem] = []
        for index, item in enumerate(bundle.workflows):
            try:
                workflow = check_document(item.workflow, self.saver.registry)
                self.saver.compile(workflow)
                workflows.append(workflow)
            except DocumentError as error:
                problems += _in_file(index, error.problems)
        if problems:
            raise DocumentError(problems)
        return workflows

    def _check_links(self, plans: list[_Plan], owner: Ownership) -> None:
        """DocumentError where a workflow names another that will not be there, or not for it."""
        written = [plan for plan in plans if plan.outcome in ("created", "version", "renamed")]
        planned = {
            plan.item.id: PlannedWorkflow(
                plan.workflow, plan.head.ownership if plan.head else owner, plan.head
            )
            for plan in written
            if plan.outcome != "renamed"
        }
        stands = PlannedWorkflows(self.workflows, planned, self.saver.clock.now())
        check = LinkCheck(stands, self.saver.registry)
        problems: list[Problem] = []
        for index, plan in enumerate(plans):
            if plan not in written:
                continue
            own_id = plan.item.id if plan.item.id in planned else None
            ownership = planned[own_id].ownership if own_id else owner
            problems += _in_file(index, check.find(plan.workflow, ownership, own_id))
        if problems:
            raise DocumentError(problems)

    def _plan(self, item: BundledWorkflow, workflow: Workflow, options: ImportOptions) -> _Plan:
        if options.ids == "new":
            return _Plan(item, workflow, "renamed", None)
        try:
            head = self.workflows.get_head(item.id)
            if options.audience is not None and not options.audience.sees(head.ownership):
                raise NotFoundError("workflow", item.id)
        except NotFoundError:
            # Versions of a deleted workflow are kept for its executions: they must not become another's.
            # Those of a workflow that is not theirs are as little to be had.
            used = bool(self.workflows.list_versions(item.id, 1).items)
            if not used:
                return _Plan(item, workflow, "created", None)
            return _Plan(item, workflow, "conflict" if options.on_conflict != "rename" else "renamed", None)
        standing = self.workflows.get_version(item.id, head.version).workflow
        if equal_json(standing.as_document(), workflow.as_document()):
            return _Plan(item, workflow, "unchanged", head)
        outcomes: dict[OnConflict, Outcome] = {
            "refuse": "conflict",
            "rename": "renamed",
            "version": "version",
        }
        return _Plan(item, workflow, outcomes[options.on_conflict], head)

    def _save(self, plan: _Plan, note: SaveNote) -> ImportedWorkflow:
        if plan.outcome == "unchanged":
            return _foretell(plan)
        if plan.outcome == "version" and plan.head is not None:
            head, _ = self.saver.save(plan.workflow, plan.head, note)
        else:
            kept_id = plan.item.id if plan.outcome == "created" else None
            head, _ = self.saver.create(plan.workflow, note, kept_id)
        return ImportedWorkflow(plan.item.id, head.name, plan.outcome, head.workflow_id, head.version)

    def _missing(self, workflows: list[Workflow], audience: Audience | None) -> tuple[str, ...]:
        names = {
            name for workflow in workflows for _, name in find_credentials(workflow, self.saver.registry)
        }
        return tuple(name for name in sorted(names) if not self._is_stored(name, audience))

    def _is_stored(self, name: str, audience: Audience | None) -> bool:
        try:
            info = self.credentials.info(name)
        except NotFoundError:
            return False
        return audience is None or audience.sees(info.ownership)


def _in_file(index: int, problems: Iterable[Problem]) -> list[Problem]:
    """The problems of one document, told by its place in the file."""
    place = f"workflows[{index}].workflow"
    return [Problem(p.code, p.message, p.node, f"{place}.{p.field}" if p.field else place) for p in problems]


def _foretell(plan: _Plan) -> ImportedWorkflow:
    """What saving would do."""
    at = {
        "created": (plan.item.id, 1),
        "unchanged": (plan.item.id, plan.head.version if plan.head else None),
        "version": (plan.item.id, plan.head.version + 1 if plan.head else None),
        "renamed": (None, 1),
        "conflict": (plan.item.id, None),
    }
    workflow_id, version = at[plan.outcome]
    return ImportedWorkflow(plan.item.id, plan.workflow.name, plan.outcome, workflow_id, version)


def _refuse_conflicts(plans: list[_Plan]) -> None:
    taken = [plan for plan in plans if plan.outcome == "conflict"]
    if taken:
        told = ", ".join(
            f"'{plan.item.id}'" + ("" if plan.head else " (not yours, or deleted; its versions are kept)")
            for plan in taken
        )
        raise ConflictError(
            f"Nothing was imported, since these ids are taken: {told}. Import with on_conflict=rename, with "
            "on_conflict=version for those that stand, or with ids=new."
        )
