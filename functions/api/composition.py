"""The API's services, from the composition root."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from engine.errors import NotFoundError
from engine.execution import FILES_PREFIX
from functions.api.services import Services
from functions.bootstrap import Root


def make_services(root: Root) -> Services:
    """What the routes stand on."""
    return Services(
        workflows=root.workflow_service,
        versions=root.version_service,
        recompile=root.recompile_service,
        exports=root.export_service,
        imports=root.import_service,
        templates=root.template_service,
        executions=root.execution_service,
        remover=root.execution_remover,
        credentials=root.credential_service,
        approvals=root.approval_service,
        triggers=root.trigger_service,
        firer=root.trigger_firer,
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
        api_keys=root.api_key_service,
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
