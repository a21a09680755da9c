"""The real server on a real socket, and the real clients that speak to it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from infra.local.model_server import ModelServer


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def server(shared_server: ModelServer) -> ModelServer:
    shared_server.ledger.clear()
    return shared_server


@pytest.fixture(scope="module")
def shared_client(shared_server: ModelServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=shared_server.base_url, api_key="any", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def client(server: ModelServer, shared_client: OpenAI) -> OpenAI:
    return shared_client


@pytest.fixture(scope="module")
def shared_web(shared_server: ModelServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_server.origin, timeout=20) as web:
        yield web


@pytest.fixture
def web(server: ModelServer, shared_web: httpx.Client) -> httpx.Client:
    return shared_web
