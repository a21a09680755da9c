"""What each route of the API takes: the one table of who may do what. `tests/unit/api` walks it by role.

A route that stands here with None is for whoever signs in. One that does not stand here is for administrators
alone, until somebody has thought about it; a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.access.role import Permission

_WORKFLOW = "/workflows/{workflow_id}"
_EXECUTION = "/executions/{execution_id}"
_TRIGGERS = f"{_WORKFLOW}/triggers"
_TRIGGER = f"{_TRIGGERS}/{{trigger_id}}"

ROUTE_PERMISSIONS: Mapping[tuple[str, str], Permission | None] = {
    ("GET", "/me"): None,
    ("POST", "/workflows/"): Permission.WORKFLOWS_WRITE,
    ("GET", "/workflows/"): Permission.WORKFLOWS_READ,
    ("POST", "/workflows/validate"): Permission.WORKFLOWS_READ,
    ("GET", _WORKFLOW): Permission.WORKFLOWS_READ,
    ("PUT", _WORKFLOW): Permission.WORKFLOWS_WRITE,
    ("DELETE", _WORKFLOW): Permission.WORKFLOWS_WRITE,
    ("PUT", f"{_WORKFLOW}/access"): Permission.WORKFLOWS_WRITE,
    ("GET", f"{_WORKFLOW}/versions"): Permission.WORKFLOWS_READ,
    ("GET", f"{_WORKFLOW}/versions/{{version}}"): Permission.WORKFLOWS_READ,
    ("POST", f"{_WORKFLOW}/versions/{{version}}/restore"): Permission.WORKFLOWS_WRITE,
    ("GET", f"{_WORKFLOW}/diff"): Permission.WORKFLOWS_READ,
    ("POST", f"{_WORKFLOW}/publish"): Permission.WORKFLOWS_WRITE,
    ("POST", f"{_WORKFLOW}/unpublish"): Permission.WORKFLOWS_WRITE,
    ("GET", "/workflows/export"): Permission.WORKFLOWS_READ,
    ("GET", f"{_WORKFLOW}/export"): Permission.WORKFLOWS_READ,
    ("POST", "/workflows/import"): Permission.WORKFLOWS_WRITE,
    ("GET", "/templates"): Permission.CATALOGUE_READ,
    ("GET", "/templates/{name}"): Permission.CATALOGUE_READ,
    ("POST", "/templates/{name}/instantiate"): Permission.WORKFLOWS_WRITE,
    ("GET", f"{_WORKFLOW}/plan"): Permission.WORKFLOWS_READ,
    ("GET", f"{_WORKFLOW}/profile"): Permission.WORKFLOWS_READ,
    ("POST", f"{_WORKFLOW}/recompile"): Permission.WORKFLOWS_WRITE,
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
    ("POST", f"{_WORKFLOW}/execute"): Permission.EXECUTIONS_RUN,
    ("POST", f"{_WORKFLOW}/nodes/{{node_id}}/run"): Permission.EXECUTIONS_RUN,
    ("GET", f"{_WORKFLOW}/executions"): Permission.EXECUTIONS_READ,
    ("GET", f"{_WORKFLOW}{_EXECUTION}"): Permission.EXECUTIONS_READ,
    ("DELETE", f"{_WORKFLOW}{_EXECUTION}"): Permission.EXECUTIONS_DELETE,
    ("POST", f"{_WORKFLOW}{_EXECUTION}/cancel"): Permission.EXECUTIONS_RUN,
    ("POST", f"{_WORKFLOW}{_EXECUTION}/retry"): Permission.EXECUTIONS_RUN,
    ("GET", "/executions"): Permission.EXECUTIONS_READ,
    ("GET", _EXECUTION): Permission.EXECUTIONS_READ,
    ("DELETE", _EXECUTION): Permission.EXECUTIONS_DELETE,
    ("GET", f"{_EXECUTION}/workflow"): Permission.EXECUTIONS_READ,
    ("GET", f"{_EXECUTION}/children"): Permission.EXECUTIONS_READ,
    ("GET", f"{_EXECUTION}/nodes/{{node_id}}"): Permission.EXECUTIONS_READ,
    ("GET", f"{_EXECUTION}/nodes/{{node_id}}/items"): Permission.EXECUTIONS_READ,
    ("GET", f"{_EXECUTION}/nodes/{{node_id}}/items/{{item}}"): Permission.EXECUTIONS_READ,
    ("POST", f"{_EXECUTION}/cancel"): Permission.EXECUTIONS_RUN,
    ("POST", f"{_EXECUTION}/retry"): Permission.EXECUTIONS_RUN,
    ("GET", "/node-types"): Permission.CATALOGUE_READ,
    ("GET", "/node-types/{type}"): Permission.CATALOGUE_READ,
    ("GET", "/metrics"): Permission.METRICS_READ,
    ("GET", "/cache/stats"): Permission.CACHE_READ,
    ("DELETE", "/cache"): Permission.CACHE_CLEAR,
    ("GET", "/credentials"): Permission.CREDENTIALS_READ,
    ("PUT", "/credentials/{name}"): Permission.CREDENTIALS_WRITE,
    ("GET", "/credentials/{name}"): Permission.CREDENTIALS_READ,
    ("DELETE", "/credentials/{name}"): Permission.CREDENTIALS_WRITE,
    ("PUT", "/credentials/{name}/access"): Permission.CREDENTIALS_WRITE,
    ("GET", "/api-keys"): Permission.KEYS_MANAGE,
    ("POST", "/api-keys"): Permission.KEYS_MANAGE,
    ("GET", "/api-keys/{key_id}"): Permission.KEYS_MANAGE,
    ("DELETE", "/api-keys/{key_id}"): Permission.KEYS_MANAGE,
    ("GET", "/audit"): Permission.AUDIT_READ,
}


def permission_of(method: str, path: str) -> Permission | None:
    """What a route takes; ``path`` is its template, behind the API's prefix."""
    return ROUTE_PERMISSIONS.get((method, path), Permission.ADMINISTER)
