"""The engine in the test's own process, over the tables, bucket and machines of a running stack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.memory import MemoryMetrics
from engine.adapters.system_clock import SystemClock
from engine.settings import read_settings
from functions.api.app import create_app
from functions.api.composition import make_services
from functions.bootstrap import Root
from infra.local.deployment import REGION, local_client
from infra.local.stack import LocalStack


class ClockAhead(SystemClock):
    """The system's time, and so many seconds more."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def now(self) -> datetime:
        """Now, and then some."""
        return super().now() + timedelta(seconds=self.seconds)


def function_environment(stack: LocalStack, name: str = "api") -> dict[str, str]:
    """What the template tells a function."""
    functions = local_client(stack.endpoint, "lambda")
    found = functions.get_function_configuration(FunctionName=f"mini-n8n-local-{name}")
    variables: dict[str, str] = found["Environment"]["Variables"]
    return variables


@contextmanager
def own_root(
    stack: LocalStack,
    *,
    endpoint: str | None = None,
    seconds_ahead: float = 0.0,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Root]:
    """A root whose AWS is at ``endpoint`` (a proxy, perhaps), whose clock is ahead, who is told otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        root = Root(
            read_settings(function_environment(stack) | dict(variables or {})),
            AwsClients(REGION, endpoint or stack.endpoint),
        )
        root.clock, root.metrics = ClockAhead(seconds_ahead), MemoryMetrics()
        yield root


def asked(root: Root, method: str, path: str, **request: Any) -> httpx.Response:
    """The answer of the API in this process, over ``root``."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(make_services(root)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **request)

    return asyncio.run(ask())
