"""The use cases: what the API, the triggers and the command line ask of the engine."""

from __future__ import annotations

from engine.service.api_keys import ApiKeyService, KeyRequest
from engine.service.audit import AuditService
from engine.service.credentials import CredentialService
from engine.service.executions import ExecutionService, StartRequest
from engine.service.finish import ExecutionFinisher
from engine.service.limits import LimitService
from engine.service.sign_in import SignInService, TokenRule
from engine.service.visibility import VisibilityService
from engine.service.workflows import WorkflowService

__all__ = [
    "ApiKeyService",
    "AuditService",
    "CredentialService",
    "ExecutionFinisher",
    "ExecutionService",
    "KeyRequest",
    "LimitService",
    "SignInService",
    "StartRequest",
    "TokenRule",
    "VisibilityService",
    "WorkflowService",
]
