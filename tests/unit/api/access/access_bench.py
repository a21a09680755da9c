"""The whole API in memory: its real app and services, over in-memory adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient

from engine.access.audit_service import AuditService
from engine.adapters.memory import MemoryApiKeyStore, MemoryAuditStore, MemoryLimitStore
from engine.json_value import JsonObject
from engine.runner import Runner
from engine.runner.context import ContextMaker, NodeEnvironment
from engine.runner.runner import Stores
from engine.service.api_keys import ApiKeyService
from engine.service.executions import ExecutionService
from engine.service.finish import ExecutionFinisher
from engine.service.limits import LimitService
from engine.service.sign_in import SignInService, TokenRule
from engine.service.visibility import VisibilityService
from functions.api.services import Services
from tests.unit.api.api_bench import shared_app
from tests.unit.engine_bench import PUBLIC_URL, EngineBench, node

BOOTSTRAP_KEY = "the-key-that-the-template-made"
DOCUMENT: JsonObject = {"name": "Hello", "nodes": [node("a", value=1)], "connections": []}


class AccessBench(EngineBench):
    """``client`` sends what it is told; ``ask`` sends as somebody."""

    def __init__(self, tokens: TokenRule | None = None) -> None:
        self.limits, self.key_store = MemoryLimitStore(), MemoryApiKeyStore()
        self.audit_records = MemoryAuditStore()
        super().__init__()
        self.audit = AuditService(self.audit_records, self.clock)
        self.runner = self.make_runner()
        self.limit_service = LimitService(self.limits, self.clock)
        self.finisher = ExecutionFinisher(
            self.workflows, self.executions, self.values, self.clock, self.metrics, self.limits
        )
        self.execution_service = ExecutionService(
            workflows=self.workflows,
            executions=self.executions,
            machines=self.machines,
            registry=self.registry,
            values=self.values,
            finisher=self.finisher,
            clock=self.clock,
            metrics=self.metrics,
            parts=self.parts,
            publish_part=self.workflow_service.saver.publish_part,
            limits=self.limit_service,
        )
        self.bootstrap_key: str | None = BOOTSTRAP_KEY
        self.services = Services(
            workflows=self.workflow_service,
            versions=self.version_service,
            recompile=self.recompile_service,
            exports=self.export_service,
            imports=self.import_service,
            templates=self.template_service,
            approvals=self.approval_service,
            metrics=self.metrics,
            tallies=self.tallies,
            triggers=self.trigger_service,
            firer=self.trigger_firer,
            executions=self.execution_service,
            remover=self.remover,
            credentials=self.credential_service,
            cache=self.cache,
            blobs=self.blobs,
            registry=self.registry,
            clock=self.clock,
            public_url=PUBLIC_URL,
            cors_origins=(),
            sign_in=SignInService(self.key_store, self.clock, lambda: self.bootstrap_key, tokens),
            limits=self.limit_service,
            api_keys=ApiKeyService(self.key_store, self.clock),
            audit=self.audit,
            visibility=VisibilityService(self.workflows, self.executions, self.clock),
            health_checks={},
        )
        self.app = shared_app(self.services)
        self.client = TestClient(self.app, base_url=PUBLIC_URL)

    def make_runner(self) -> Runner:
        """A runner that puts uses of credentials on record."""
        environment = NodeEnvironment(public_url=PUBLIC_URL)
        audit = getattr(self, "audit", None)
        contexts = ContextMaker(self.credentials, self.blobs, self.clock, environment, audit)
        stores = Stores(self.workflows, self.executions, self.cache, self.values)
        return Runner(stores, self.registry, contexts, self.clock, self.metrics)

    def key(self, user: str, role: str = "editor", **more: Any) -> str:
        """A new key for a user; no limits unless they are given."""
        limits = {"requests_per_minute": None} | more.pop("limits", {})
        body = {"name": f"{user}'s", "role": role, "user": user, "limits": limits} | more
        answer = self.ask(BOOTSTRAP_KEY, "POST", "/api-keys", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    def ask(self, key: str | None, method: str, path: str, **more: Any) -> Any:
        """The answer to somebody's request."""
        self.app.state.services = self.services
        headers = ({"Authorization": f"Bearer {key}"} if key else {}) | more.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def save(self, key: str, document: JsonObject | None = None) -> str:
        """The id of a new workflow of whoever has the key."""
        answer = self.ask(key, "POST", "/workflows/", json=document or DOCUMENT)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def start(self, key: str, workflow_id: str) -> Any:
        """The answer to a start."""
        return self.ask(key, "POST", f"/workflows/{workflow_id}/execute", json={})

    def trail(self, **query: str) -> list[JsonObject]:
        """Audit records, newest first."""
        answer = self.ask(BOOTSTRAP_KEY, "GET", "/audit", params={"limit": 100, **query})
        items: list[JsonObject] = answer.json()["items"]
        return items


@contextmanager
def access_bench(tokens: TokenRule | None = None) -> Iterator[AccessBench]:
    """A bench whose client is closed in the end."""
    bench = AccessBench(tokens)
    with bench.client:
        yield bench
