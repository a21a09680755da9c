"""Makes the context of a node run: credentials, files, settings; nothing that the node has not named."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from pydantic import SecretStr

from engine.access.audience import Ownership, may_use
from engine.approval import Approvals
from engine.child import Workflows
from engine.errors import NodeError, NotFoundError
from engine.execution import FILES_PREFIX, Execution
from engine.json_value import JsonObject, digest
from engine.node import (
    BaseNode,
    Converse,
    Credential,
    HttpSettings,
    ModelSettings,
    NodeContext,
    StoredFile,
    no_bedrock,
)
from engine.ports import BlobStore, Clock, CredentialStore

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def safe_file_name(name: str) -> str:
    """The name as it stands in keys and links."""
    return (_UNSAFE.sub("-", name).strip("-.") or "file")[:100]


@dataclass(frozen=True)
class ExecutionFiles:
    """The file store of one node run: keys start with the execution, and cannot be guessed."""

    blobs: BlobStore
    clock: Clock
    execution_id: str
    public_url: str

    async def save(self, name: str, data: bytes, content_type: str) -> StoredFile:
        """Store a file; see `engine.node.Files`."""
        safe = safe_file_name(name)
        key = f"{FILES_PREFIX}{self.execution_id}/{self.clock.new_token()}/{safe}"
        await asyncio.to_thread(self.blobs.put, key, data, content_type)
        return StoredFile(safe, f"{self.public_url}/{key}", content_type, len(data), key)

    async def read(self, key: str) -> bytes:
        """Read a file; see `engine.node.Files`."""
        if not key.startswith(FILES_PREFIX):
            raise NodeError(f"'{key}' is not the key of a file")
        try:
            return await asyncio.to_thread(self.blobs.get, key)
        except NotFoundError as error:
            raise NodeError(str(error)) from None


@dataclass(frozen=True)
class NodeEnvironment:
    """What every node of a process shares."""

    public_url: str
    models: ModelSettings = ModelSettings()
    http: HttpSettings = HttpSettings()
    converse: Converse = no_bedrock


@lru_cache(maxsize=256)
def credential_fields(node_type: type[BaseNode]) -> frozenset[str]:
    """Names of the top-level config fields that hold the name of a credential."""
    properties = node_type.Config.model_json_schema().get("properties", {})

    def holds_name(schema: JsonObject) -> bool:
        return schema.get("x-widget") == "credential" or any(map(holds_name, schema.get("anyOf", [])))

    return frozenset(name for name, schema in properties.items() if holds_name(schema))


class CredentialAudit(Protocol):
    """Where uses of credentials are put on record."""

    def record_credential_use(self, execution: Execution, node_id: str, credential: str) -> None:
        """Record that a node is about to get a credential."""


class Starter(Protocol):
    """What hands nodes their way to other workflows."""

    def of(self, execution: Execution, node_id: str, item: int | None) -> Workflows:
        """For one node run."""


class Desk(Protocol):
    """What hands nodes their way to people."""

    def of(self, execution: Execution, node_id: str, item: int | None) -> Approvals:
        """For one node run."""


@dataclass(frozen=True)
class ContextMaker:
    """Builds contexts; without a ``starter`` nodes start nothing, without a ``desk`` they ask nobody."""

    credentials: CredentialStore
    blobs: BlobStore
    clock: Clock
    environment: NodeEnvironment
    audit: CredentialAudit | None = None
    starter: Starter | None = None
    desk: Desk | None = None

    def read_credentials(
        self, node_type: type[BaseNode], config: JsonObject, execution: Execution, node_id: str
    ) -> dict[str, Credential]:
        """The credentials that the config names in its credential fields, each use on record.

        NodeError if one is missing, or is not for the workflow.
        """
        workflow = Ownership(execution.owner, execution.groups)
        found: dict[str, Credential] = {}
        for field in sorted(credential_fields(node_type)):
            name = config.get(field)
            if not isinstance(name, str) or not name:
                continue
            try:
                if not may_use(workflow, self.credentials.info(name).ownership):
                    raise NotFoundError("credential", name)
                if self.audit is not None:
                    self.audit.record_credential_use(execution, node_id, name)
                kind, values = self.credentials.values(name)
            except NotFoundError:
                message = (
                    f"there is no credential '{name}' for this workflow; store it under that name, "
                    "share it with a group that the workflow is shared with, or name another"
                )
                raise NodeError(message, field=f"config.{field}") from None
            secrets = {part: SecretStr(value) for part, value in values.items()}
            found[name] = Credential(name, kind, secrets)
        return found

    def make(
        self, base: NodeContext, execution: Execution, inputs: JsonObject, credentials: dict[str, Credential]
    ) -> NodeContext:
        """The base context with everything that the process provides."""
        run = (execution, base.node_id, base.item_index)
        return replace(
            base,
            execution_id=execution.execution_id,
            workflow_id=execution.workflow_id,
            version=execution.version,
            now=self.clock.now(),
            execution_inputs=inputs,
            idempotency_key=digest([execution.execution_id, base.node_id, base.item_index])[:32],
            files=ExecutionFiles(self.blobs, self.clock, execution.execution_id, self.environment.public_url),
            credentials=credentials,
            models=self.environment.models,
            http=self.environment.http,
            converse=self.environment.converse,
            workflows=self.starter.of(*run) if self.starter else base.workflows,
            approvals=self.desk.of(*run) if self.desk else base.approvals,
        )
