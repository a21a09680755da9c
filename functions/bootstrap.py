"""The composition root: with `adapters`, the one place that builds any. All is replaceable by an argument."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from engine.access.audit_service import AuditService
from engine.adapters.aws_clients import AwsClients
from engine.adapters.powertools_metrics import PowertoolsMetrics
from engine.errors import NotFoundError, UnavailableError
from engine.settings import read_settings
from functions.adapters import Adapters
from functions.secret_key import read_approval_key, read_models_key
from functions.telemetry import logger, metrics
from functions.trace_context import current_trace_id

if TYPE_CHECKING:
    from engine.execution import Execution
    from engine.json_value import JsonObject
    from engine.ports import WorkflowHead
    from engine.runner import Runner
    from engine.service.aftermath import Aftermath
    from engine.service.api_keys import ApiKeyService
    from engine.service.approvals import ApprovalDesk, ApprovalService, ApprovalSigner
    from engine.service.children import ChildStarter
    from engine.service.credentials import CredentialService
    from engine.service.executions import ExecutionService
    from engine.service.exports import ExportService
    from engine.service.finish import ExecutionFinisher
    from engine.service.imports import ImportService
    from engine.service.limits import LimitService
    from engine.service.recompile import RecompileService
    from engine.service.removal import ExecutionRemover
    from engine.service.sign_in import SignInService, TokenRule
    from engine.service.stuck import StuckSweep
    from engine.service.tally import Tally
    from engine.service.templates import TemplateService
    from engine.service.trigger_fire import TriggerFirer
    from engine.service.triggers import TriggerService
    from engine.service.versions import VersionService
    from engine.service.visibility import VisibilityService
    from engine.service.waker import Waker
    from engine.service.webhooks import WebhookService
    from engine.service.workflows import WorkflowService
    from engine.workflow import Workflow

# The use cases are imported when asked for: executors have none, and need no compiler. They alone run nodes.


class Root(Adapters):
    """Builds each part once, when it is first asked for."""

    @cached_property
    def finisher(self) -> ExecutionFinisher:
        """How executions end."""
        from engine.service.durations import DurationRecorder
        from engine.service.finish import ExecutionFinisher

        return ExecutionFinisher(
            self.workflows,
            self.executions,
            self.values,
            self.clock,
            self.metrics,
            self.limits,
            follow=self.aftermath.follow,
            durations=DurationRecorder(self.durations, self.clock, self.metrics),
            tally=self.tally,
        )

    @cached_property
    def event_finisher(self) -> ExecutionFinisher:
        """The same in the function that hears of every end: it removes machines that have served."""

        def observe(execution: Execution) -> None:
            logger.append_keys(execution_id=execution.execution_id, trace_id=execution.trace_id)

        return replace(self.finisher, discard_machine=self.machines.discard, observe=observe)

    @cached_property
    def stuck_sweep(self) -> StuckSweep:
        """What finds executions that hang."""
        from engine.service.repair import ExecutionRepairer
        from engine.service.stuck import StuckSweep

        repairer = ExecutionRepairer(
            self.workflows, self.executions, self.machines, self.event_finisher, self.clock, self.metrics
        )
        return StuckSweep(self.executions, repairer, self.clock, self.metrics)

    @cached_property
    def waker(self) -> Waker:
        """What ends the waits of nodes."""
        from engine.service.waker import Waker

        return Waker(self.executions, self.machines)

    @cached_property
    def approval_signer(self) -> ApprovalSigner:
        """What signs the links of approvals; the key is read with the first of them."""
        from engine.service.approvals import ApprovalSigner

        return ApprovalSigner(
            lambda: read_approval_key(self.settings, self.secrets), self.settings.public_url
        )

    @cached_property
    def approval_service(self) -> ApprovalService:
        """What links of approvals are good for."""
        from engine.service.approvals import ApprovalService

        return ApprovalService(
            self.executions, self.approval_signer, self.waker, self.audit_service, self.clock
        )

    @cached_property
    def tally(self) -> Tally:
        """What counts for those who scrape."""
        from engine.service.tally import Tally

        return Tally(self.tallies)

    @cached_property
    def aftermath(self) -> Aftermath:
        """What follows the end of an execution."""
        from engine.service.aftermath import Aftermath

        return Aftermath(lambda: self.execution_service, self.waker, self.metrics)

    @cached_property
    def workflow_service(self) -> WorkflowService:
        """Use cases of workflows."""
        from engine.service.workflows import WorkflowService

        def release(workflow_id: str) -> int:
            return self.trigger_service.release(workflow_id)  # imported with the first workflow that goes

        return WorkflowService(
            workflows=self.workflows,
            executions=self.executions,
            machines=self.machines,
            registry=self.registry,
            targets=self.settings.targets,
            clock=self.clock,
            durations=self.durations,
            release_triggers=release,
            retention_days=self.settings.retention_days,
        )

    @cached_property
    def version_service(self) -> VersionService:
        """Use cases of versions."""
        from engine.service.versions import VersionService

        return VersionService(self.workflows, self.workflow_service.saver, self.clock)

    @cached_property
    def recompile_service(self) -> RecompileService:
        """Use cases of durations and profiles."""
        from engine.service.recompile import RecompileService

        return RecompileService(self.workflows, self.workflow_service.saver, self.durations)

    @cached_property
    def export_service(self) -> ExportService:
        """Use cases of export files."""
        from engine.service.exports import ExportService

        return ExportService(self.workflows, self.credentials, self.registry)

    @cached_property
    def import_service(self) -> ImportService:
        """Use cases of import."""
        from engine.service.imports import ImportService

        return ImportService(self.workflows, self.credentials, self.workflow_service.saver)

    @cached_property
    def template_service(self) -> TemplateService:
        """Use cases of templates."""
        from engine.service.templates import TemplateService

        return TemplateService(self.templates, self.workflow_service.saver)

    @cached_property
    def execution_service(self) -> ExecutionService:
        """Use cases of executions."""
        from engine.service.executions import ExecutionService
        from engine.service.partial_run import PartialRunPlanner

        def publish(head: WorkflowHead, part: Workflow, execution_id: str) -> tuple[str, JsonObject]:
            return self.workflow_service.saver.publish_part(head, part, execution_id)

        return ExecutionService(
            workflows=self.workflows,
            executions=self.executions,
            machines=self.machines,
            registry=self.registry,
            values=self.values,
            finisher=self.finisher,
            clock=self.clock,
            metrics=self.metrics,
            parts=PartialRunPlanner(self.executions, self.registry),
            publish_part=publish,
            limits=self.limit_service,
            trace_id=current_trace_id,
            retention_days=self.settings.retention_days,
        )

    @cached_property
    def execution_remover(self) -> ExecutionRemover:
        """How executions go."""
        from engine.service.removal import ExecutionRemover

        return ExecutionRemover(self.executions, self.blobs, self.clock, self.metrics)

    @cached_property
    def trigger_service(self) -> TriggerService:
        """Use cases of triggers."""
        from engine.service.triggers import TriggerService

        return TriggerService(
            triggers=self.triggers,
            sources=self.event_sources,
            workflows=self.workflows,
            credentials=self.credentials,
            clock=self.clock,
            artifacts_bucket=self.settings.artifacts_bucket,
        )

    @cached_property
    def trigger_firer(self) -> TriggerFirer:
        """What starts executions for triggers."""
        from engine.service.trigger_fire import TriggerFirer
        from engine.service.trigger_start import TriggerStarter

        starter = TriggerStarter(self.execution_service)
        return TriggerFirer(self.triggers, starter, self.clock, self.metrics, self.tally)

    @cached_property
    def webhook_service(self) -> WebhookService:
        """What answers webhooks."""
        from engine.service.webhook_reply import WebhookReplier
        from engine.service.webhooks import WebhookService

        return WebhookService(
            triggers=self.triggers,
            credentials=self.credentials,
            blobs=self.blobs,
            firer=self.trigger_firer,
            replier=WebhookReplier(self.execution_service, self.blobs),
            clock=self.clock,
            public_url=self.settings.public_url,
            workflows=self.workflows,
            audit=self.audit_service,
        )

    @cached_property
    def credential_service(self) -> CredentialService:
        """Use cases of credentials."""
        from engine.service.credentials import CredentialService

        return CredentialService(self.credentials, self.clock)

    @cached_property
    def api_key_service(self) -> ApiKeyService:
        """Use cases of API keys."""
        from engine.service.api_keys import ApiKeyService

        return ApiKeyService(self.api_keys, self.clock)

    @cached_property
    def limit_service(self) -> LimitService:
        """How much is let through."""
        from engine.service.limits import LimitService

        return LimitService(self.limits, self.clock)

    @cached_property
    def audit_service(self) -> AuditService:
        """The audit trail."""
        return AuditService(self.audit_records, self.clock)

    @cached_property
    def visibility(self) -> VisibilityService:
        """Who sees what."""
        from engine.service.visibility import VisibilityService

        return VisibilityService(self.workflows, self.executions, self.clock)

    @cached_property
    def sign_in(self) -> SignInService:
        """Who asks."""
        from engine.service.sign_in import SignInService

        return SignInService(self.api_keys, self.clock, self._bootstrap_key, self._token_rule())

    def _bootstrap_key(self) -> str | None:
        """The deployment's own key; None where it was retired."""
        name = self.settings.api_key_secret
        if not name:
            return None
        try:
            return self.secrets.read(name)
        except NotFoundError:
            # Else who asks for anything would be told that it is the thing asked for which is missing.
            raise UnavailableError("The deployment's key is not stored: its secret is missing.") from None

    def _token_rule(self) -> TokenRule | None:
        """How tokens are read; None without an issuer."""
        settings = self.settings
        if not settings.oidc_issuer or not settings.oidc_audience:
            return None
        # Imported here: PyJWT is in the API's package alone.
        from engine.adapters.oidc import OidcVerifier
        from engine.service.sign_in import TokenRule

        verifier = OidcVerifier(settings.oidc_issuer, settings.oidc_audience)
        return TokenRule(verifier, settings.oidc_groups_claim, settings.oidc_default_role)

    @cached_property
    def runner(self) -> Runner:
        """What runs tasks."""
        from engine.adapters.bedrock import BedrockConverse
        from engine.node import HttpSettings, ModelSettings
        from engine.price_list import USD_PER_GB_SECOND, model_prices
        from engine.pricing import Pricing
        from engine.runner.context import ContextMaker, NodeEnvironment
        from engine.runner.runner import Runner, Stores

        environment = NodeEnvironment(
            public_url=self.settings.public_url,
            models=ModelSettings(self.settings.openai_base_url, read_models_key(self.settings, self.secrets)),
            http=HttpSettings(allowed_hosts=self.settings.http_allowed_hosts),
            converse=BedrockConverse(lambda: self.clients.bedrock),
        )
        contexts = ContextMaker(
            self.credentials,
            self.blobs,
            self.clock,
            environment,
            self.audit_service,
            self._child_starter(),
            self._approval_desk(),
        )
        stores = Stores(self.workflows, self.executions, self.cache, self.values)
        return Runner(
            stores,
            self.registry,
            contexts,
            self.clock,
            self.metrics,
            answer_token=self.machines.send_success,
            pricing=Pricing(
                model_prices(self.settings.openai_base_url, self.settings.model_prices),
                self.settings.memory_megabytes,
                USD_PER_GB_SECOND.get(self.settings.architecture, USD_PER_GB_SECOND["arm64"]),
            ),
            observe=lambda execution: logger.append_keys(trace_id=execution.trace_id),
            latches=self.latches,
        )

    def _approval_desk(self) -> ApprovalDesk | None:
        """What nodes ask people with, in the function that signs links."""
        if not self.settings.approval_key_secret:
            return None
        from engine.service.approvals import ApprovalDesk

        return ApprovalDesk(self.executions, self.approval_signer, self.clock)

    def _child_starter(self) -> ChildStarter | None:
        """What nodes start other workflows with, in the function that may."""
        if not self.settings.starts_workflows:
            return None
        from engine.service.children import ChildStarter

        return ChildStarter(self.execution_service)


@lru_cache(maxsize=1)
def bootstrap() -> Root:
    """The root of this process, over its environment."""
    settings = read_settings(os.environ)

    def count_throttle() -> None:
        # One series for all functions, so that one alarm watches it.
        PowertoolsMetrics(metrics).count("Throttles", service="all")

    return Root(settings, AwsClients(settings.region, on_throttle=count_throttle))
