"""What stands on AWS alone: the adapters, each built once, when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import (
    DynamoApiKeyStore,
    DynamoAuditStore,
    DynamoCacheStore,
    DynamoCredentialStore,
    DynamoDurationStore,
    DynamoExecutionStore,
    DynamoLatchStore,
    DynamoLimitStore,
    DynamoTallyStore,
    DynamoWorkflowStore,
)
from engine.adapters.powertools_metrics import PowertoolsMetrics
from engine.adapters.s3 import S3BlobStore
from engine.adapters.secrets import SecretsManagerStore
from engine.adapters.step_functions import StepFunctionsMachines
from engine.adapters.system_clock import SystemClock
from engine.registry import NodeRegistry
from engine.settings import Settings
from engine.values import ValueStore
from functions.telemetry import metrics
from nodes import BUILTIN_NODES

if TYPE_CHECKING:
    from engine.adapters.dynamodb.trigger_store import DynamoTriggerStore
    from engine.adapters.events import AwsEventSources
    from engine.adapters.template_folder import TemplateFolder


class Adapters:
    """What the use cases stand on."""

    def __init__(self, settings: Settings, clients: AwsClients) -> None:
        """``settings``: what the environment says; ``clients``: how AWS is reached."""
        self.settings, self.clients = settings, clients
        self.clock = SystemClock()
        self.metrics = PowertoolsMetrics(metrics)

    @cached_property
    def registry(self) -> NodeRegistry:
        """Built-in node types, and those of installed packages."""
        registry = NodeRegistry(BUILTIN_NODES)
        registry.load_installed()
        return registry

    @cached_property
    def workflows(self) -> DynamoWorkflowStore:
        """Workflows and their versions."""
        return DynamoWorkflowStore(self.clients.dynamodb, self.settings.workflows_table, self.clock)

    @cached_property
    def durations(self) -> DynamoDurationStore:
        """How long the nodes of workflows took."""
        return DynamoDurationStore(self.clients.dynamodb, self.settings.workflows_table, self.clock)

    @cached_property
    def executions(self) -> DynamoExecutionStore:
        """Executions and node runs."""
        return DynamoExecutionStore(self.clients.dynamodb, self.settings.executions_table, self.clock)

    @cached_property
    def tallies(self) -> DynamoTallyStore:
        """Sums for those who scrape."""
        return DynamoTallyStore(self.clients.dynamodb, self.settings.executions_table, self.clock)

    @cached_property
    def cache(self) -> DynamoCacheStore:
        """Cached results."""
        return DynamoCacheStore(self.clients.dynamodb, self.settings.cache_table, self.clock)

    @cached_property
    def blobs(self) -> S3BlobStore:
        """Files and large values."""
        return S3BlobStore(self.clients.s3, self.settings.artifacts_bucket)

    @cached_property
    def values(self) -> ValueStore:
        """Values by claim."""
        return ValueStore(self.blobs)

    @cached_property
    def secrets(self) -> SecretsManagerStore:
        """Single secrets."""
        return SecretsManagerStore(self.clients.secrets_manager)

    @cached_property
    def credentials(self) -> DynamoCredentialStore:
        """Credentials."""
        return DynamoCredentialStore(
            self.clients.dynamodb,
            self.settings.access_table,
            self.clients.secrets_manager,
            self.settings.secrets_prefix,
            self.clock,
        )

    @cached_property
    def api_keys(self) -> DynamoApiKeyStore:
        """API keys."""
        return DynamoApiKeyStore(self.clients.dynamodb, self.settings.access_table, self.clock)

    @cached_property
    def latches(self) -> DynamoLatchStore:
        """Waits of nodes for nodes of other branches."""
        return DynamoLatchStore(self.clients.dynamodb, self.settings.executions_table, self.clock)

    @cached_property
    def triggers(self) -> DynamoTriggerStore:
        """Triggers; imported when asked for, since executors have none."""
        from engine.adapters.dynamodb.trigger_store import DynamoTriggerStore

        return DynamoTriggerStore(self.clients.dynamodb, self.settings.workflows_table, self.clock)

    @cached_property
    def templates(self) -> TemplateFolder:
        """The examples, which are packed beside the API; imported when asked for, as above."""
        from engine.adapters.template_folder import TemplateFolder

        return TemplateFolder(Path(__file__).resolve().parents[1] / "examples")

    @cached_property
    def event_sources(self) -> AwsEventSources:
        """Rules and schedules."""
        from engine.adapters.events import AwsEventSources, EventTarget

        settings = self.settings
        return AwsEventSources(
            self.clients.events,
            self.clients.scheduler,
            prefix=settings.state_machine_prefix,
            group=settings.state_machine_prefix,
            target=EventTarget(
                settings.triggers_function_arn, settings.scheduler_role_arn, settings.triggers_queue_arn
            ),
        )

    @cached_property
    def limits(self) -> DynamoLimitStore:
        """Counters of requests and executions."""
        return DynamoLimitStore(self.clients.dynamodb, self.settings.access_table, self.clock)

    @cached_property
    def audit_records(self) -> DynamoAuditStore:
        """Audit records."""
        return DynamoAuditStore(self.clients.dynamodb, self.settings.access_table, self.clock)

    @cached_property
    def machines(self) -> StepFunctionsMachines:
        """State machines."""
        return StepFunctionsMachines(
            self.clients.step_functions,
            prefix=self.settings.state_machine_prefix,
            role_arn=self.settings.state_machine_role_arn,
            tracing=True,
            sync_client=self.clients.step_functions_sync,
        )
