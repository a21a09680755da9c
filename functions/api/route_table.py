"""The routes of the API: which group has each, and what it takes. `tests/unit/api` walks them by role.

A group is a module of `functions/api/routes`, imported when a request first needs it; so the table says what
there is before any route is made. One with None is for whoever signs in. One that does not stand here is for
administrators alone, until somebody has thought about it; a test says so, and its group is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.access.role import Permission

API_PREFIX = "/api/v1"
_WORKFLOW = "/workflows/{workflow_id}"
_EXECUTION = "/executions/{execution_id}"
_TRIGGERS = f"{_WORKFLOW}/triggers"
_TRIGGER = f"{_TRIGGERS}/{{trigger_id}}"

# Behind the API's prefix. The first route that fits a path serves it, so `transfer` comes first:
# /workflows/export is no workflow's id.
GUARDED_ROUTES: Mapping[str, Mapping[tuple[str, str], Permission | None]] = {
    "transfer": {
        ("GET", "/workflows/export"): Permission.WORKFLOWS_READ,
        ("GET", f"{_WORKFLOW}/export"): Permission.WORKFLOWS_READ,
        ("POST", "/workflows/import"): Permission.WORKFLOWS_WRITE,
    },
    "workflows": {
        ("POST", "/workflows/"): Permission.WORKFLOWS_WRITE,
        ("GET", "/workflows/"): Permission.WORKFLOWS_READ,
        ("POST", "/workflows/validate"): Permission.WORKFLOWS_READ,
        ("GET", _WORKFLOW): Permission.WORKFLOWS_READ,
        ("PUT", _WORKFLOW): Permission.WORKFLOWS_WRITE,
        ("DELETE", _WORKFLOW): Permission.WORKFLOWS_WRITE,
        ("GET", f"{_WORKFLOW}/plan"): Permission.WORKFLOWS_READ,
    },
    "versions": {
        ("GET", f"{_WORKFLOW}/versions"): Permission.WORKFLOWS_READ,
        ("GET", f"{_WORKFLOW}/versions/{{version}}"): Permission.WORKFLOWS_READ,
        ("POST", f"{_WORKFLOW}/versions/{{version}}/restore"): Permission.WORKFLOWS_WRITE,
        ("GET", f"{_WORKFLOW}/diff"): Permission.WORKFLOWS_READ,
        ("POST", f"{_WORKFLOW}/publish"): Permission.WORKFLOWS_WRITE,
        ("POST", f"{_WORKFLOW}/unpublish"): Permission.WORKFLOWS_WRITE,
    },
    "triggers": {
        ("GET", _TRIGGERS): Permission.WORKFLOWS_READ,
        ("POST", _TRIGGERS): Permission.WORKFLOWS_WRITE,
        ("GET", _TRIGGER): Permission.WORKFLOWS_READ,
        ("PUT", _TRIGGER): Permission.WORKFLOWS_WRITE,
        ("DELETE", _TRIGGER): Permission.WORKFLOWS_WRITE,
        ("POST", f"{_TRIGGER}/enable"): Permission.EXECUTIONS_RUN,
        ("POST", f"{_TRIGGER}/disable"): Permission.EXECUTIONS_RUN,
        ("GET", f"{_TRIGGER}/failures"): Permission.EXECUTIONS_READ,
        ("POST", f"{_TRIGGER}/failures/{{failure_id}}/replay"): Permission.EXECUTIONS_RUN,
        ("DELETE", f"{_TRIGGER}/failures/{{failure_id}}"): Permission.EXECUTIONS_RUN,
    },
    "executions": {
        ("POST", f"{_WORKFLOW}/execute"): Permission.EXECUTIONS_RUN,
        ("GET", "/executions"): Permission.EXECUTIONS_READ,
        ("GET", f"{_WORKFLOW}/executions"): Permission.EXECUTIONS_READ,
        ("GET", _EXECUTION): Permission.EXECUTIONS_READ,
        ("GET", f"{_WORKFLOW}{_EXECUTION}"): Permission.EXECUTIONS_READ,
        ("GET", f"{_EXECUTION}/workflow"): Permission.EXECUTIONS_READ,
        ("GET", f"{_EXECUTION}/children"): Permission.EXECUTIONS_READ,
        ("GET", f"{_EXECUTION}/nodes/{{node_id}}"): Permission.EXECUTIONS_READ,
        ("GET", f"{_EXECUTION}/nodes/{{node_id}}/items"): Permission.EXECUTIONS_READ,
        ("GET", f"{_EXECUTION}/nodes/{{node_id}}/items/{{item}}"): Permission.EXECUTIONS_READ,
        ("POST", f"{_EXECUTION}/cancel"): Permission.EXECUTIONS_RUN,
        ("POST", f"{_WORKFLOW}{_EXECUTION}/cancel"): Permission.EXECUTIONS_RUN,
        ("DELETE", _EXECUTION): Permission.EXECUTIONS_DELETE,
        ("DELETE", f"{_WORKFLOW}{_EXECUTION}"): Permission.EXECUTIONS_DELETE,
    },
    "catalogue": {
        ("GET", "/node-types"): Permission.CATALOGUE_READ,
        ("GET", "/node-types/{type}"): Permission.CATALOGUE_READ,
    },
    "templates": {
        ("GET", "/templates"): Permission.CATALOGUE_READ,
        ("GET", "/templates/{name}"): Permission.CATALOGUE_READ,
        ("POST", "/templates/{name}/instantiate"): Permission.WORKFLOWS_WRITE,
    },
    "cache": {
        ("GET", "/cache/stats"): Permission.CACHE_READ,
        ("DELETE", "/cache"): Permission.CACHE_CLEAR,
    },
    "credentials": {
        ("GET", "/credentials"): Permission.CREDENTIALS_READ,
        ("PUT", "/credentials/{name}"): Permission.CREDENTIALS_WRITE,
        ("GET", "/credentials/{name}"): Permission.CREDENTIALS_READ,
        ("DELETE", "/credentials/{name}"): Permission.CREDENTIALS_WRITE,
    },
    "node_run": {
        ("POST", f"{_WORKFLOW}/nodes/{{node_id}}/run"): Permission.EXECUTIONS_RUN,
    },
    "retry": {
        ("POST", f"{_EXECUTION}/retry"): Permission.EXECUTIONS_RUN,
        ("POST", f"{_WORKFLOW}{_EXECUTION}/retry"): Permission.EXECUTIONS_RUN,
    },
    "profile": {
        ("GET", f"{_WORKFLOW}/profile"): Permission.WORKFLOWS_READ,
        ("POST", f"{_WORKFLOW}/recompile"): Permission.WORKFLOWS_WRITE,
    },
    "sharing": {
        ("PUT", f"{_WORKFLOW}/access"): Permission.WORKFLOWS_WRITE,
        ("PUT", "/credentials/{name}/access"): Permission.CREDENTIALS_WRITE,
    },
    "me": {
        ("GET", "/me"): None,
    },
    "api_keys": {
        ("GET", "/api-keys"): Permission.KEYS_MANAGE,
        ("POST", "/api-keys"): Permission.KEYS_MANAGE,
        ("GET", "/api-keys/{key_id}"): Permission.KEYS_MANAGE,
        ("DELETE", "/api-keys/{key_id}"): Permission.KEYS_MANAGE,
    },
    "audit": {
        ("GET", "/audit"): Permission.AUDIT_READ,
    },
    "metrics": {
        ("GET", "/metrics"): Permission.METRICS_READ,
    },
}
# Whole paths of what asks for no key.
OPEN_ROUTES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "health": (("GET", "/health"),),
    "files": (("GET", "/files/{execution_id}/{token}/{name}"),),
    "approvals": (
        ("GET", f"{API_PREFIX}/approvals/{{token}}"),
        ("POST", f"{API_PREFIX}/approvals/{{token}}"),
    ),
}
ROUTE_PERMISSIONS: Mapping[tuple[str, str], Permission | None] = {
    route: permission for group in GUARDED_ROUTES.values() for route, permission in group.items()
}


def permission_of(method: str, path: str) -> Permission | None:
    """What a route takes; ``path`` is its template, behind the API's prefix."""
    return ROUTE_PERMISSIONS.get((method, path), Permission.ADMINISTER)


def routes_by_group() -> dict[str, frozenset[tuple[str, str]]]:
    """(method, whole path) of the routes of each group, in the order in which they are asked."""
    guarded = {
        group: frozenset((method, API_PREFIX + path) for method, path in routes)
        for group, routes in GUARDED_ROUTES.items()
    }
    return guarded | {group: frozenset(routes) for group, routes in OPEN_ROUTES.items()}
