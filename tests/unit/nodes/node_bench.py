"""What the tests of outward nodes run them with: a store in a dict, a log in a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from engine.node import (
    BaseNode,
    Credential,
    HttpSettings,
    ModelSettings,
    NodeContext,
    NodeResult,
    SilentLogger,
    StoredFile,
)

Call = Callable[..., dict[str, Any]]


class DictFiles:
    """A file store that keeps everything in ``data``."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    async def save(self, name: str, data: bytes, content_type: str) -> StoredFile:
        self.data[name] = data
        return StoredFile(name, f"https://files.test/{name}", content_type, len(data), name)

    async def read(self, key: str) -> bytes:
        return self.data[key]


class ListLogger(SilentLogger):
    """A logger that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str) -> None:
        self.lines.append(message)

    def warning(self, message: str) -> None:
        self.lines.append(f"warning: {message}")


def make_context(
    *allowed_hosts: str, base_url: str | None = None, credential: Credential | None = None, **fields: Any
) -> NodeContext:
    """A context that lets ``allowed_hosts`` through and knows ``credential``."""
    max_bytes = fields.pop("max_response_bytes", 1_000_000)
    context = NodeContext(
        node_id="call",
        timeout_seconds=5,
        http=HttpSettings(frozenset(allowed_hosts), max_bytes),
        models=ModelSettings(base_url, SecretStr("key-of-the-models")) if base_url else ModelSettings(),
        files=DictFiles(),
        credentials={credential.name: credential} if credential else {},
        logger=ListLogger(),
    )
    return replace(context, **fields)


def make_credential(kind: str, **values: str) -> Credential:
    """The credential ``mine``."""
    return Credential("mine", kind, {name: SecretStr(value) for name, value in values.items()})


def run(node: BaseNode, context: NodeContext) -> NodeResult:
    """Run a node to its end or its first pending word."""
    return asyncio.run(node.run({}, context))
