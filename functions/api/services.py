"""What the routes stand on, as one argument: the composition root fills it, tests replace it.

To name a use case imports none: each is with the first route that calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

if TYPE_CHECKING:
    from engine.access.audit_service import AuditService
    from engine.ports import BlobStore, CacheStore, Clock, Metrics
    from engine.registry import NodeRegistry
    from engine.service.api_keys import ApiKeyService
    from engine.service.approvals import ApprovalService
    from engine.service.credentials import CredentialService
    from engine.service.executions import ExecutionService
    from engine.service.exports import ExportService
    from engine.service.imports import ImportService
    from engine.service.limits import LimitService
    from engine.service.recompile import RecompileService
    from engine.service.removal import ExecutionRemover
    from engine.service.sign_in import SignInService
    from engine.service.templates import TemplateService
    from engine.service.trigger_fire import TriggerFirer
    from engine.service.triggers import TriggerService
    from engine.service.versions import VersionService
    from engine.service.visibility import VisibilityService
    from engine.service.workflows import WorkflowService
    from engine.tally_port import TallyStore


@dataclass(frozen=True)
class Services:
    """The use cases, and the few ports that the API reads itself."""

    workflows: WorkflowService
    versions: VersionService
    recompile: RecompileService
    exports: ExportService
    imports: ImportService
    templates: TemplateService
    executions: ExecutionService
    remover: ExecutionRemover
    credentials: CredentialService
    approvals: ApprovalService
    triggers: TriggerService
    firer: TriggerFirer
    cache: CacheStore
    tallies: TallyStore
    blobs: BlobStore
    registry: NodeRegistry
    clock: Clock
    metrics: Metrics
    public_url: str
    cors_origins: tuple[str, ...]
    sign_in: SignInService
    limits: LimitService
    api_keys: ApiKeyService
    audit: AuditService
    visibility: VisibilityService
    health_checks: dict[str, Callable[[], None]]
    """By name of what the API stands on: a call that raises when that is not there."""


def get_services(request: Request) -> Services:
    """The services of the app that serves the request."""
    services: Services = request.app.state.services
    return services
