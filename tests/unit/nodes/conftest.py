"""Real servers on real sockets: one that answers bytes as told, and the offline model server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.node import NodeContext
from infra.local.model_server import ModelServer
from nodes.http_node import HttpNode
from tests.unit.nodes.node_bench import Call, make_context, run
from tests.unit.nodes.raw_server import RawServer, Received, reply


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def context(models: ModelServer) -> NodeContext:
    return make_context(base_url=models.base_url, timeout_seconds=30)


@pytest.fixture(scope="module")
def shared_raw() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture
def raw(shared_raw: RawServer) -> RawServer:
    """Answers nothing yet but ``/echo``: what it received, as JSON."""
    shared_raw.answers = {"/echo": echo}
    shared_raw.received.clear()
    return shared_raw


@pytest.fixture
def call(raw: RawServer) -> Call:
    """Runs the HTTP node on a path of the raw server; the values of its result."""

    def send(path: str = "/echo", context: NodeContext | None = None, **config: Any) -> dict[str, Any]:
        allowed = context or make_context(f"127.0.0.1:{raw.port}")
        node = HttpNode({"url": raw.origin + path, "timeout_seconds": 5, **config})
        return run(node, allowed).values

    return send


def echo(request: Received) -> bytes:
    seen = {
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        "body": request.body.decode("utf-8", "replace"),
    }
    return reply(json.dumps(seen).encode(), content_type="application/json")
