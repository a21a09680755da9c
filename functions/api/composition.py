"""The API's services, from the composition root."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from engine.errors import NotFoundError
from engine.execution import FILES_PREFIX
from functions.api.services import Services
from functions.bootstrap import Root

Service = TypeVar("Service")


class _BuiltWhenUsed:
    """Stands for a use case until a route calls it: a request imports and builds those that it needs."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        return getattr(self._build(), name)


def _later(build: Callable[[], Service]) -> Service:
    """``build`` is asked at each use, and keeps what it has built."""
    return cast("Service", _BuiltWhenUsed(build))


def make_services(root: Root) -> Services:
    """What the routes stand on; what the guard asks for each request is built now."""
    return Services(
        workflows=_later(lambda: root.workflow_service),
        versions=_later(lambda: root.version_service),
        recompile=_later(lambda: root.recompile_service),
        exports=_later(lambda: root.export_service),
        imports=_later(lambda: root.import_service),
        templates=_later(lambda: root.template_service),
        executions=_later(lambda: root.execution_service),
        remover=_later(lambda: root.execution_remover),
        credentials=_later(lambda: root.credential_service),
        approvals=_later(lambda: root.approval_service),
        triggers=_later(lambda: root.trigger_service),
        firer=_later(lambda: root.trigger_firer),
        cache=root.cache,
        tallies=root.tallies,
        blobs=root.blobs,
        registry=root.registry,
        clock=root.clock,
        metrics=root.metrics,
        public_url=root.settings.public_url,
        cors_origins=root.settings.cors_origins,
        sign_in=root.sign_in,
        limits=root.limit_service,
        api_keys=_later(lambda: root.api_key_service),
        audit=root.audit_service,
        visibility=root.visibility,
        health_checks={
            "workflows": lambda: _ask(root.workflows.get_head),
            "executions": lambda: _ask(root.executions.get),
            "cache": lambda: _ask(lambda name: root.cache.get(name, root.clock.now())),
            "access": lambda: _ask(root.credentials.info),
            "artifacts": lambda: _ask(lambda name: root.blobs.info(f"{FILES_PREFIX}{name}")),
            "state_machines": lambda: _ask(lambda name: root.machines.describe(_no_execution(root, name))),
            "secrets": lambda: _ask(lambda _: root.sign_in.bootstrap_key()),
        },
    )


def _ask(look_up: Callable[[str], object]) -> None:
    """Look up what cannot be there: that it is not found shows that the other side answers."""
    with suppress(NotFoundError):
        look_up("health-check")


def _no_execution(root: Root, name: str) -> str:
    """The ARN of an execution that there never was, under a name that our role may ask for."""
    return root.machines.execution_arn(f"{root.machines.machine_arn(name)}:1", name)
