"""What the routes stand on, as one argument: the composition root fills it, tests replace it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from engine.ports import BlobStore, CacheStore, Clock, Metrics
from engine.registry import NodeRegistry
from engine.service import (
    ApiKeyService,
    AuditService,
    CredentialService,
    ExecutionService,
    ExportService,
    ImportService,
    LimitService,
    RecompileService,
    SignInService,
    TemplateService,
    TriggerFirer,
    TriggerService,
    VersionService,
    VisibilityService,
    WorkflowService,
)
from engine.service.approvals import ApprovalService
from engine.service.removal import ExecutionRemover
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
