"""Clients that ask without a pause: reads and starts mixed for a while, or starts alone."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from engine.json_value import JsonObject

# A client waits longer than API Gateway and the queue before it do, so that it is the server who gives up.
TIMEOUT_SECONDS = 180.0
# Of ten requests: four start an execution, six read.
STARTS_OF_TEN = 4
API = "/api/v1"
SHOWN_OF_ANSWER = 300


@dataclass
class Tally:
    """What the clients saw: seconds of each request by kind, statuses, and the executions accepted."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    # What the answers with 5xx said, and connections that broke.
    broken: Counter[str] = field(default_factory=Counter)
    # The number that each accepted execution was given.
    accepted: dict[str, int] = field(default_factory=dict)
    elapsed_seconds: float = 0.0

    @property
    def failures(self) -> list[str]:
        """Answers that no client should see: 5xx, and connections that broke."""
        return [f"{count} x {what}" for what, count in self.broken.items()]


@dataclass(frozen=True)
class Target:
    """The workflow that is run, and where."""

    url: str
    api_key: str
    workflow_id: str


class LoadClients:
    """So many clients of one API, for one process with an event loop."""

    def __init__(self, target: Target, clients: int) -> None:
        self.target, self._clients = target, clients
        self._numbers: Iterator[int] = iter(range(1, 1_000_000_000))
        self.tally = Tally()

    async def mix(self, seconds: float) -> None:
        """All clients read and start, each its next request as soon as it has an answer."""
        deadline = time.monotonic() + seconds

        async def live(http: httpx.AsyncClient, number: int) -> None:
            chance = random.Random(number)  # noqa: S311 - a mix that is the same each time
            while time.monotonic() < deadline:
                if chance.random() * 10 < STARTS_OF_TEN:
                    await self._start(http)
                else:
                    await self._read(http, chance)

        await self._all(live)

    async def start_many(self, executions: int) -> None:
        """Start so many executions as fast as the clients can."""
        left = iter(range(executions))

        async def live(http: httpx.AsyncClient, _: int) -> None:
            for _turn in left:
                await self._start(http)

        await self._all(live)

    async def _all(self, live: Callable[[httpx.AsyncClient, int], Awaitable[None]]) -> None:
        began = time.monotonic()
        async with self._http() as http:
            await asyncio.gather(*(live(http, number) for number in range(self._clients)))
        self.tally.elapsed_seconds = time.monotonic() - began

    @asynccontextmanager
    async def _http(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {self.target.api_key}"}
        limits = httpx.Limits(max_connections=self._clients, max_keepalive_connections=self._clients)
        async with httpx.AsyncClient(
            base_url=self.target.url,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            limits=limits,
            trust_env=False,
        ) as http:
            yield http

    async def _start(self, http: httpx.AsyncClient) -> None:
        number = next(self._numbers)
        path = f"{API}/workflows/{self.target.workflow_id}/execute"
        body = {"inputs": {"number": number}, "bypass_cache": True}
        answer = await self._timed("start", lambda: http.post(path, json=body))
        if answer is not None and answer.is_success:
            document: JsonObject = answer.json()
            self.tally.accepted[document["id"]] = number

    async def _read(self, http: httpx.AsyncClient, chance: random.Random) -> None:
        known = list(self.tally.accepted)
        paths = {
            "read workflow": f"{API}/workflows/{self.target.workflow_id}",
            "list workflows": f"{API}/workflows/?limit=20",
            "list executions": f"{API}/workflows/{self.target.workflow_id}/executions?limit=20",
        }
        if known:
            paths["read execution"] = f"{API}/executions/{chance.choice(known)}"
        kind = chance.choice(sorted(paths))
        await self._timed(kind, lambda: http.get(paths[kind]))

    async def _timed(self, kind: str, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = await ask()
        except httpx.TransportError as error:
            self.tally.broken[type(error).__name__] += 1
            return None
        self.tally.seconds[kind].append(time.monotonic() - began)
        self.tally.statuses[answer.status_code] += 1
        if answer.is_server_error:
            self.tally.broken[f"{answer.status_code} to {kind}: {answer.text[:SHOWN_OF_ANSWER]}"] += 1
        return answer
