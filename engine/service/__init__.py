"""The use cases: what the API, the triggers and the command line ask of the engine."""

from __future__ import annotations

from engine.service.credentials import CredentialService
from engine.service.executions import ExecutionService, StartRequest
from engine.service.finish import ExecutionFinisher
from engine.service.trigger_fire import TriggerFirer
from engine.service.trigger_start import TriggerStarter
from engine.service.triggers import TriggerService
from engine.service.workflows import WorkflowService

__all__ = [
    "CredentialService",
    "ExecutionFinisher",
    "ExecutionService",
    "StartRequest",
    "TriggerFirer",
    "TriggerService",
    "TriggerStarter",
    "WorkflowService",
]
