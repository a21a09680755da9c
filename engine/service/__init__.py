"""The use cases: what the API, the triggers and the command line ask of the engine."""

from __future__ import annotations

from engine.service.credentials import CredentialService
from engine.service.executions import ExecutionService, StartRequest
from engine.service.exports import ExportService
from engine.service.finish import ExecutionFinisher
from engine.service.imports import ImportOptions, ImportReport, ImportService
from engine.service.save import SaveNote, WorkflowSaver
from engine.service.templates import TemplateService
from engine.service.trigger_fire import TriggerFirer
from engine.service.trigger_start import TriggerStarter
from engine.service.triggers import TriggerService
from engine.service.version_choice import VersionChoice
from engine.service.versions import VersionService
from engine.service.workflows import WorkflowService

__all__ = [
    "CredentialService",
    "ExecutionFinisher",
    "ExecutionService",
    "ExportService",
    "ImportOptions",
    "ImportReport",
    "ImportService",
    "SaveNote",
    "StartRequest",
    "TemplateService",
    "VersionChoice",
    "VersionService",
    "WorkflowSaver",
    "TriggerFirer",
    "TriggerService",
    "TriggerStarter",
    "WorkflowService",
]
