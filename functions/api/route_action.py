"""What the audit trail calls that which a route does."""

from __future__ import annotations

from collections.abc import Mapping

_WORKFLOW = "/workflows/{workflow_id}"
_EXECUTION = "/executions/{execution_id}"
_TRIGGERS = f"{_WORKFLOW}/triggers"
_TRIGGER = f"{_TRIGGERS}/{{trigger_id}}"

ACTIONS: Mapping[tuple[str, str], str] = {
    ("POST", "/workflows/"): "workflow.create",
    ("PUT", _WORKFLOW): "workflow.update",
    ("DELETE", _WORKFLOW): "workflow.delete",
    ("POST", f"{_WORKFLOW}/versions/{{version}}/restore"): "workflow.restore",
    ("POST", f"{_WORKFLOW}/publish"): "workflow.publish",
    ("POST", f"{_WORKFLOW}/unpublish"): "workflow.unpublish",
    ("POST", f"{_WORKFLOW}/recompile"): "workflow.recompile",
    ("POST", "/workflows/import"): "workflow.import",
    ("POST", "/templates/{name}/instantiate"): "workflow.create",
    ("PUT", f"{_WORKFLOW}/access"): "workflow.share",
    ("POST", f"{_WORKFLOW}{_EXECUTION}/cancel"): "execution.cancel",
    ("POST", f"{_EXECUTION}/cancel"): "execution.cancel",
    ("DELETE", f"{_WORKFLOW}{_EXECUTION}"): "execution.delete",
    ("DELETE", _EXECUTION): "execution.delete",
    ("POST", _TRIGGERS): "trigger.create",
    ("PUT", _TRIGGER): "trigger.update",
    ("DELETE", _TRIGGER): "trigger.delete",
    ("POST", f"{_TRIGGER}/enable"): "trigger.enable",
    ("POST", f"{_TRIGGER}/disable"): "trigger.disable",
    ("POST", f"{_TRIGGER}/failures/{{failure_id}}/replay"): "trigger.replay",
    ("DELETE", f"{_TRIGGER}/failures/{{failure_id}}"): "trigger.forget_failure",
    ("DELETE", "/cache"): "cache.clear",
    ("PUT", "/credentials/{name}"): "credential.put",
    ("DELETE", "/credentials/{name}"): "credential.delete",
    ("PUT", "/credentials/{name}/access"): "credential.share",
    ("POST", "/api-keys"): "api_key.create",
    ("DELETE", "/api-keys/{key_id}"): "api_key.revoke",
}
# These change nothing that stays, or leave a record of their own: an execution names who started it.
UNRECORDED = frozenset(
    {
        ("POST", "/workflows/validate"),
        ("POST", f"{_WORKFLOW}/execute"),
        ("POST", f"{_WORKFLOW}/nodes/{{node_id}}/run"),
        ("POST", f"{_WORKFLOW}{_EXECUTION}/retry"),
        ("POST", f"{_EXECUTION}/retry"),
    }
)
CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Path parameters and what they name, the narrowest first.
_TARGETS = (
    ("execution_id", "execution"),
    ("trigger_id", "trigger"),
    ("workflow_id", "workflow"),
    ("key_id", "api_key"),
)


def action_of(method: str, path: str) -> str | None:
    """The action of a route; None where nothing is recorded. One without a name is called by its path."""
    if method not in CHANGING_METHODS or (method, path) in UNRECORDED:
        return None
    return ACTIONS.get((method, path)) or f"{method} {path}"


def target_of(path: str, parameters: Mapping[str, str]) -> str | None:
    """What a route's path names: ``workflow:wf_…``."""
    if path.startswith("/credentials/") and "name" in parameters:
        return f"credential:{parameters['name']}"
    return next((f"{kind}:{parameters[name]}" for name, kind in _TARGETS if name in parameters), None)
