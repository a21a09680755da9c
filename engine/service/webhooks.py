"""Webhooks: a request in, an answer out; never a success with nothing run."""

from __future__ import annotations

from dataclasses import dataclass

from engine.access.audience import may_use
from engine.access.audit_service import AuditService
from engine.errors import ConflictError, MiniN8nError, NotFoundError, RequestError, UnavailableError
from engine.execution import FILES_PREFIX
from engine.json_value import JsonObject
from engine.node import RESPOND_TYPE
from engine.ports import BlobStore, Clock, CredentialStore, WorkflowStore, WorkflowVersion
from engine.runner.context import safe_file_name
from engine.service.trigger_fire import TriggerFirer
from engine.service.webhook_reply import WebhookReplier
from engine.trigger import FireOutcome, Trigger, WebhookSettings
from engine.trigger_port import TriggerStore
from engine.webhook import (
    WebhookAnswer,
    WebhookError,
    WebhookRequest,
    check_auth,
    problem_answer,
    read_body,
)
from engine.webhook.body import Upload, fold
from engine.webhook.signature import secret_header

# What says who asks, to us or to somebody: no event carries it into records and results.
_PRIVATE_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_PLAIN: tuple[tuple[type[MiniN8nError], int, str], ...] = (
    (RequestError, 422, "invalid-request"),
    (NotFoundError, 404, "not-found"),
    (ConflictError, 409, "conflict"),
    (UnavailableError, 503, "unavailable"),
)


@dataclass(frozen=True)
class WebhookService:
    """Use cases of ``/webhooks`` and ``/webhooks-test``."""

    triggers: TriggerStore
    credentials: CredentialStore
    blobs: BlobStore
    firer: TriggerFirer
    replier: WebhookReplier
    clock: Clock
    public_url: str
    workflows: WorkflowStore
    audit: AuditService

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """Start what the path belongs to, and answer as its trigger says; every error is an answer too."""
        try:
            trigger, settings = self._find(request)
            private = self._authenticate(trigger, settings, request)
        except (WebhookError, UnavailableError) as error:
            return self._refuse(error)
        try:
            return self._run(trigger, settings, request, private)
        except (WebhookError, RequestError, NotFoundError, ConflictError, UnavailableError) as error:
            answer = self._refuse(error)
            outcome: FireOutcome = "failed" if answer.status >= 500 else "refused"
            self.firer.record(trigger, outcome, message=str(error), test=request.test)
            return answer

    def _refuse(self, error: MiniN8nError) -> WebhookAnswer:
        answer = _refusal(error)
        self.firer.metrics.count("WebhooksRefused", status=str(answer.status))
        return answer

    def _find(self, request: WebhookRequest) -> tuple[Trigger, WebhookSettings]:
        unknown = WebhookError(404, "not-found", f"There is no webhook at '{request.path}'.")
        try:
            trigger = self.triggers.find_webhook(request.path)
        except NotFoundError:
            raise unknown from None
        settings = trigger.settings
        if not isinstance(settings, WebhookSettings):
            raise unknown
        if not settings.enabled and not request.test:
            raise WebhookError(404, "not-found", f"The webhook at '{request.path}' is paused.")
        if request.method not in settings.methods:
            allowed = ", ".join(settings.methods)
            message = f"This webhook takes {allowed}, not {request.method}."
            raise WebhookError(405, "method-not-allowed", message, {"allow": allowed})
        return trigger, settings

    def _authenticate(
        self, trigger: Trigger, settings: WebhookSettings, request: WebhookRequest
    ) -> frozenset[str]:
        """Names of the headers that no event may carry; WebhookError for who may not ask."""
        if settings.auth is None:
            return _PRIVATE_HEADERS
        name = settings.auth.credential
        try:
            workflow = self.workflows.get_head(trigger.workflow_id)
            if not may_use(workflow.ownership, self.credentials.info(name).ownership):
                raise NotFoundError("credential", name)
            self.audit.record_trigger_use(trigger.trigger_id, workflow, name)
            kind, values = self.credentials.values(name)
        except NotFoundError:
            message = f"The credential '{name}' of this webhook is not there for it any more."
            raise WebhookError(503, "unavailable", message) from None
        check_auth(settings.auth, kind, values, request, self.clock.now())
        return _PRIVATE_HEADERS | {secret_header(settings.auth, kind, values) or ""}

    def _run(
        self, trigger: Trigger, settings: WebhookSettings, request: WebhookRequest, private: frozenset[str]
    ) -> WebhookAnswer:
        version = self.firer.starter.version(trigger.workflow_id, "draft" if request.test else "live")
        if settings.response == "respond" and not _respond_nodes(version):
            message = f"Version {version.version} of the workflow has no respond node to answer with."
            raise WebhookError(409, "conflict", message)
        # Chosen before, since files belong to the execution that they start, and go with it.
        execution_id = self.clock.new_id("ex")
        event = self._event(execution_id, settings, request, private)
        try:
            execution, _ = self.firer.starter.start(
                trigger, event, choice=version.version, execution_id=execution_id
            )
        except MiniN8nError:
            if event["files"]:
                self.firer.starter.abandon(execution_id)
            raise
        self.firer.record(trigger, "started", execution_id=execution.execution_id, test=request.test)
        return self.replier.reply(execution, settings.response, _respond_nodes(version))

    def _event(
        self, execution_id: str, settings: WebhookSettings, request: WebhookRequest, private: frozenset[str]
    ) -> JsonObject:
        content_type = request.headers.get("content-type", "")
        body = read_body(request.body, content_type, raw=settings.body == "raw")
        return {
            "method": request.method,
            "path": request.path,
            "query": fold(request.query),
            "headers": {name: value for name, value in request.headers.items() if name not in private},
            "body": body.value,
            "files": [self._save(execution_id, upload) for upload in body.uploads],
            "source_ip": request.source_ip,
            "received_at": self.clock.now().isoformat(),
        }

    def _save(self, execution_id: str, upload: Upload) -> JsonObject:
        """Store a file; what the event says of it, with a link that works while the execution is kept."""
        name = safe_file_name(upload.name)
        key = f"{FILES_PREFIX}{execution_id}/{self.clock.new_token()}/{name}"
        self.blobs.put(key, upload.data, upload.content_type)
        return {
            "field": upload.field,
            "name": upload.name[:255],
            "url": f"{self.public_url}/{key}",
            "content_type": upload.content_type,
            "size_bytes": len(upload.data),
            "key": key,
        }


def _respond_nodes(version: WorkflowVersion) -> tuple[str, ...]:
    nodes = version.workflow.nodes
    return tuple(node.id for node in nodes if node.type == RESPOND_TYPE and not node.disabled)


def _refusal(error: MiniN8nError) -> WebhookAnswer:
    if isinstance(error, WebhookError):
        return problem_answer(error.status, error.kind, str(error), headers=error.headers)
    status, kind = next((status, kind) for cls, status, kind in _PLAIN if isinstance(error, cls))
    headers = {"retry-after": "1"} if status == 503 else {}
    problems = error.problems if isinstance(error, RequestError) else ()
    return problem_answer(status, kind, str(error), problems=problems, headers=headers)
