"""The API over the engine in memory: executions run, to their end, within the request that starts them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI

from engine.access.audit_service import AuditService
from engine.adapters.memory import (
    MemoryApiKeyStore,
    MemoryAuditStore,
    MemoryLimitStore,
    StartedExecution,
)
from engine.execution import ExecutionStatus
from engine.service.api_keys import ApiKeyService
from engine.service.limits import LimitService
from engine.service.sign_in import SignInService
from engine.service.visibility import VisibilityService
from engine.task import Task
from functions.api.app import create_app
from functions.api.services import Services
from functions.trace_context import current_trace_id
from infra.local.asl import run_definition
from tests.unit.engine_bench import PUBLIC_URL, EngineBench

API_KEY = "key-of-the-tests"


_apps: list[FastAPI] = []


def shared_app(services: Services) -> FastAPI:
    """One app for all benches, since its routes take a while to build; a bench lends it its services."""
    if not _apps:
        _apps.append(create_app(services))
    return _apps[0]


class ApiBench(EngineBench):
    """``send`` asks with the key; ``runs`` False leaves executions running."""

    def __init__(self, **services: Any) -> None:
        super().__init__()
        self.runs = True
        self.api_keys = MemoryApiKeyStore()
        self.machines.on_start = self._interpret
        self.health_checks: dict[str, Callable[[], None]] = {"tables": lambda: None}
        self.execution_service = replace(self.execution_service, trace_id=current_trace_id)
        self.services = self.make_services(**services)
        self.app = create_app(self.services) if self.services.cors_origins else shared_app(self.services)

    def make_services(self, **changes: Any) -> Services:
        """What the routes stand on."""
        return Services(
            **{
                "workflows": self.workflow_service,
                "versions": self.version_service,
                "recompile": self.recompile_service,
                "exports": self.export_service,
                "imports": self.import_service,
                "templates": self.template_service,
                "executions": self.execution_service,
                "remover": self.remover,
                "credentials": self.credential_service,
                "approvals": self.approval_service,
                "triggers": self.trigger_service,
                "firer": self.trigger_firer,
                "cache": self.cache,
                "tallies": self.tallies,
                "blobs": self.blobs,
                "registry": self.registry,
                "clock": self.clock,
                "metrics": self.metrics,
                "public_url": PUBLIC_URL,
                "cors_origins": (),
                "sign_in": SignInService(self.api_keys, self.clock, changes.pop("api_key", lambda: API_KEY)),
                "limits": LimitService(MemoryLimitStore(), self.clock),
                "api_keys": ApiKeyService(self.api_keys, self.clock),
                "audit": AuditService(MemoryAuditStore(), self.clock),
                "visibility": VisibilityService(self.workflows, self.executions, self.clock),
                "health_checks": self.health_checks,
                **changes,
            }
        )

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request below /api/v1, or at the root for a path with two slashes; with the key."""
        headers = {"X-API-Key": API_KEY} | request.pop("headers", {})
        url = path[1:] if path.startswith("//") else f"/api/v1{path}"
        return self.send_bare(method, url, headers=headers, **request)

    def send_bare(self, method: str, url: str, **request: Any) -> httpx.Response:
        """One request as it is."""

        self.app.state.services = self.services

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
                return await client.request(method, url, **request)

        return asyncio.run(ask())

    def _interpret(self, started: StartedExecution) -> None:
        if not self.runs:
            return

        def invoke(function: str, payload: Any) -> Any:
            return self.runner.run(Task.model_validate(payload)).as_payload()

        definition = started.definition
        outcome = run_definition(definition, started.task_input, invoke)
        status = ExecutionStatus(outcome.status.lower())
        self.machines.end(started.execution_arn, status, error=outcome.error, cause=outcome.cause)
        self.finisher.finish(started.execution_id, self.machines.describe(started.execution_arn))
