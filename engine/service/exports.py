"""Export: workflows as one file, with the names of what they need and without anything secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.access.audience import Audience
from engine.bundle import (
    MAX_WORKFLOWS,
    Bundle,
    BundledWorkflow,
    CredentialUse,
    NeededCredential,
    find_literal_secrets,
)
from engine.errors import NotFoundError, Problem, RequestError
from engine.ports import CredentialStore, WorkflowStore, WorkflowVersion
from engine.registry import NodeRegistry
from engine.runner.context import credential_fields
from engine.service.version_choice import VersionChoice, choose_version
from engine.workflow import Workflow


@dataclass(frozen=True)
class ExportService:
    """Use cases of export files."""

    workflows: WorkflowStore
    credentials: CredentialStore
    registry: NodeRegistry

    def export(
        self,
        workflow_ids: Sequence[str],
        choice: VersionChoice = "draft",
        *,
        audience: Audience | None = None,
        allow_literals: bool = False,
    ) -> Bundle:
        """The workflows, each in the version asked for.

        NotFoundError, also for one that the audience (None: all) does not see; ConflictError where nothing
        is live; RequestError for too many at once, or with a problem for each field that seems to hold a
        secret, unless ``allow_literals``.
        """
        wanted = list(dict.fromkeys(workflow_ids))
        if not 0 < len(wanted) <= MAX_WORKFLOWS:
            raise RequestError(f"Name 1 to {MAX_WORKFLOWS} workflows; export more in several files.", "id")
        versions = [self._read(workflow_id, choice, audience) for workflow_id in wanted]
        if not allow_literals:
            _refuse_literals(versions)
        return Bundle(
            workflows=tuple(
                BundledWorkflow(
                    id=found.workflow_id, version=found.version, workflow=found.workflow.as_document()
                )
                for found in versions
            ),
            credentials=self._needed(versions, audience),
        )

    def _read(self, workflow_id: str, choice: VersionChoice, audience: Audience | None) -> WorkflowVersion:
        head = self.workflows.get_head(workflow_id)
        if audience is not None and not audience.sees(head.ownership):
            raise NotFoundError("workflow", workflow_id)
        return self.workflows.get_version(workflow_id, choose_version(head, choice))

    def _needed(
        self, versions: Sequence[WorkflowVersion], audience: Audience | None
    ) -> tuple[NeededCredential, ...]:
        uses: dict[str, list[CredentialUse]] = {}
        for found in versions:
            for node_id, name in find_credentials(found.workflow, self.registry):
                uses.setdefault(name, []).append(CredentialUse(workflow=found.workflow_id, node=node_id))
        return tuple(
            NeededCredential(name=name, kind=self._kind(name, audience), used_by=tuple(uses[name]))
            for name in sorted(uses)
        )

    def _kind(self, name: str, audience: Audience | None) -> str | None:
        try:
            info = self.credentials.info(name)
        except NotFoundError:
            return None
        return info.kind if audience is None or audience.sees(info.ownership) else None


def find_credentials(workflow: Workflow, registry: NodeRegistry) -> list[tuple[str, str]]:
    """(node id, name) of each credential that a node names; names that an expression makes are unknown."""
    found: list[tuple[str, str]] = []
    for node in workflow.nodes:
        if node.type not in registry:
            continue
        for field in sorted(credential_fields(registry.get(node.type))):
            name = node.config.get(field)
            if isinstance(name, str) and name and "{{" not in name:
                found.append((node.id, name))
    return found


def _refuse_literals(versions: Sequence[WorkflowVersion]) -> None:
    cure = "looks like a secret: store it as a credential and name that, or export with allow_literals=true"
    problems = [
        Problem("literal_secret", f"workflow '{found.workflow.name}': this {cure}", node_id, field)
        for found in versions
        for node_id, field in find_literal_secrets(found.workflow)
    ]
    if problems:
        raise RequestError("An export file holds no secrets; these fields seem to.", None, problems)
