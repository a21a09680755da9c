"""The use cases: what the API, the triggers and the command line ask of the engine."""

from __future__ import annotations

from engine.access.audit_service import AuditService
from engine.service.api_keys import ApiKeyService, KeyRequest
from engine.service.credentials import CredentialService
from engine.service.durations import DurationRecorder
from engine.service.executions import ExecutionService
from engine.service.exports import ExportService
from engine.service.finish import ExecutionFinisher
from engine.service.imports import ImportOptions, ImportReport, ImportService
from engine.service.limits import LimitService
from engine.service.partial_run import PartialRunPlanner
from engine.service.recompile import Recompiled, RecompileService
from engine.service.retry import RetryReport
from engine.service.save import SaveNote, WorkflowSaver
from engine.service.sign_in import SignInService, TokenRule
from engine.service.start_request import RetryRequest, StartRequest
from engine.service.templates import TemplateService
from engine.service.trigger_fire import TriggerFirer
from engine.service.trigger_start import TriggerStarter
from engine.service.triggers import TriggerService
from engine.service.version_choice import VersionChoice
from engine.service.versions import VersionService
from engine.service.visibility import VisibilityService
from engine.service.workflows import WorkflowService

__all__ = [
    "ApiKeyService",
    "AuditService",
    "CredentialService",
    "DurationRecorder",
    "ExecutionFinisher",
    "ExecutionService",
    "ExportService",
    "ImportOptions",
    "ImportReport",
    "ImportService",
    "KeyRequest",
    "LimitService",
    "PartialRunPlanner",
    "RecompileService",
    "Recompiled",
    "RetryReport",
    "RetryRequest",
    "SaveNote",
    "SignInService",
    "StartRequest",
    "TemplateService",
    "TokenRule",
    "VersionChoice",
    "VersionService",
    "VisibilityService",
    "WorkflowSaver",
    "TriggerFirer",
    "TriggerService",
    "TriggerStarter",
    "WorkflowService",
]
