"""The guard of every route: who asks, how often, whether they may, whether they see what they name.

Health, documentation, links to files and approvals by link stand outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyHeader, HTTPBearer

from engine.access.principal import Principal
from engine.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from engine.json_value import JsonObject
from functions.api.problem import limit_headers
from functions.api.route_action import action_of, target_of
from functions.api.route_table import API_PREFIX, permission_of
from functions.api.services import Services, get_services

# Longer than any id of ours, and shorter than what a key of a table holds.
MAX_ID_CHARACTERS = 200
bearer = HTTPBearer(auto_error=False, description="An API key, or a token of the OIDC issuer.")
header = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")


@dataclass
class Access:
    """Who asks, and what the audit trail is to say of it. Routes fill in the rest of the trail."""

    principal: Principal
    source: str | None = None
    target: str | None = None
    before: JsonObject | None = None
    after: JsonObject | None = None

    def note(
        self, target: str | None = None, *, before: JsonObject | None = None, after: JsonObject | None = None
    ) -> None:
        """What was changed, and how it stood before and after; without secrets."""
        self.target, self.before, self.after = target or self.target, before, after


def given_key(request: Request) -> str | None:
    """The key or token that the request carries, if any."""
    authorization = request.headers.get("authorization", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.headers.get("x-api-key")


def guard(
    request: Request,
    response: Response,
    services: Annotated[Services, Depends(get_services)],
    _bearer: Annotated[object, Depends(bearer)],
    _header: Annotated[object, Depends(header)],
) -> Iterator[None]:
    """Let the request through, or raise what is the matter; afterwards put what it changed on record."""
    path = str(request.scope["route"].path).removeprefix(API_PREFIX)
    source = request.client.host if request.client else None
    access = Access(_sign_in(request, services, source), source, target_of(path, request.path_params))
    request.state.access = access
    counted = services.limits.count_request(access.principal)
    if counted is not None:
        told = limit_headers("requests", counted.limit, counted.remaining, counted.reset_seconds)
        request.state.limit_headers = told
        response.headers.update(told)
    _require_permission(access.principal, request.method, path)
    _require_sight(access.principal, request, services)
    yield
    action = action_of(request.method, path)
    if action is not None:
        services.audit.record(
            access.principal,
            action,
            access.target,
            source=access.source,
            before=access.before,
            after=access.after,
        )


def get_access(request: Request) -> Access:
    """Who asks, once the guard has let them through."""
    access: Access = request.state.access
    return access


def get_principal(access: Annotated[Access, Depends(get_access)]) -> Principal:
    """Who asks."""
    return access.principal


Who = Annotated[Principal, Depends(get_principal)]
Trail = Annotated[Access, Depends(get_access)]


def _sign_in(request: Request, services: Services, source: str | None) -> Principal:
    try:
        return services.sign_in.authenticate(given_key(request))
    except (UnauthenticatedError, ForbiddenError) as error:
        services.audit.record_failed_sign_in(source, str(error))
        raise


def _require_permission(principal: Principal, method: str, path: str) -> None:
    needed = permission_of(method, path)
    if needed is not None and needed not in principal.permissions:
        narrowed = " and its scopes" if principal.scopes is not None else ""
        raise ForbiddenError(
            f"This takes {needed.value}; the role {principal.role.value}{narrowed} lacks it."
        )


def _require_sight(principal: Principal, request: Request, services: Services) -> None:
    """NotFoundError for a workflow or an execution in the path that is not for them."""
    execution_id = request.path_params.get("execution_id")
    workflow_id = request.path_params.get("workflow_id")
    for kind, named in (("execution", execution_id), ("workflow", workflow_id)):
        if named is not None and len(named) > MAX_ID_CHARACTERS:
            raise NotFoundError(kind, f"{named[:MAX_ID_CHARACTERS]}…")
    if execution_id is not None:
        services.visibility.require_execution(principal, execution_id)
    elif workflow_id is not None:
        services.visibility.require_workflow(principal, workflow_id)
