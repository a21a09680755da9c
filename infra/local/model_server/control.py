"""The ledger of calls: what was asked, how often, how many at once. Tests prove "called once" by it."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_CALLS_KEPT = 10_000  # calls; older ones are forgotten, so that a server left running stays small
MAX_PROMPT_CHARACTERS = 2_000  # characters of each prompt kept for the ``prompt`` filter


@dataclass
class Call:
    """One request; ``status`` is None until its answer begins, and stays so if the caller leaves before."""

    route: str
    prompt: str = ""
    prompt_sha256: str | None = None
    status: int | None = None
    is_over: bool = False


def hash_prompt(prompt: str) -> str:
    """The key of a prompt in ``GET /control/calls``: SHA-256 of its UTF-8 text, in hexadecimal."""
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()


class CallLedger:
    """Counts calls by route and by prompt; safe to read from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS_KEPT)
        self._in_flight: Counter[str] = Counter()
        self._most_in_flight: Counter[str] = Counter()
        self._attempts: Counter[tuple[str, str]] = Counter()

    def begin(self, route: str) -> Call:
        """Notes that a request for ``route`` ("POST /v1/…") has arrived."""
        call = Call(route)
        with self._lock:
            self._calls.append(call)
            self._in_flight[route] += 1
            self._most_in_flight[route] = max(self._most_in_flight[route], self._in_flight[route])
        return call

    def end(self, call: Call) -> None:
        """Notes that ``call`` is over; a second time changes nothing."""
        with self._lock:
            self._in_flight[call.route] -= not call.is_over
            call.is_over = True

    def note_prompt(self, call: Call, prompt: str) -> None:
        """Notes what ``call`` asked for."""
        call.prompt = prompt[:MAX_PROMPT_CHARACTERS]
        call.prompt_sha256 = hash_prompt(prompt)

    def next_attempt(self, route: str, key: str) -> int:
        """1 for the first request of ``key`` on ``route``, 2 for the second, and so on."""
        with self._lock:
            self._attempts[route, key] += 1
            return self._attempts[route, key]

    def count(self, route: str | None = None, prompt: str | None = None) -> int:
        """How many calls there were, of ``route`` if given, whose prompt contains ``prompt`` if given."""
        return len(self._select(route, prompt))

    def describe(self, route: str | None = None, prompt: str | None = None) -> dict[str, Any]:
        """The counts as ``GET /control/calls`` shows them."""
        calls = self._select(route, prompt)
        prompts: dict[str, dict[str, Any]] = {}
        for call in calls:
            if call.prompt_sha256 is not None:
                first = {"prompt": call.prompt, "route": call.route, "count": 0}
                prompts.setdefault(call.prompt_sha256, first)["count"] += 1
        routes = Counter(call.route for call in calls)
        with self._lock:
            most = {name: self._most_in_flight[name] for name in routes}
        statuses = Counter(str(call.status) for call in calls if call.status is not None)
        return {
            "total": len(calls),
            "routes": dict(routes),
            "most_in_flight": most,
            "statuses": dict(statuses),
            "prompts": prompts,
        }

    def clear(self) -> None:
        """Forgets every call, and with them which "once" faults have been served."""
        with self._lock:
            self._calls.clear()
            self._most_in_flight.clear()
            self._attempts.clear()

    def _select(self, route: str | None, prompt: str | None) -> list[Call]:
        with self._lock:
            calls = list(self._calls)
        return [
            call
            for call in calls
            if (route is None or call.route == route) and (prompt is None or prompt in call.prompt)
        ]


def control_routes(ledger: CallLedger) -> list[Route]:
    """``GET`` and ``DELETE /control/calls``; these calls themselves are not counted."""

    async def read(request: Request) -> Response:
        query = request.query_params
        return JSONResponse(ledger.describe(query.get("route"), query.get("prompt")))

    async def clear(_request: Request) -> Response:
        ledger.clear()
        return Response(status_code=204)

    return [
        Route("/control/calls", read, methods=["GET"]),
        Route("/control/calls", clear, methods=["DELETE"]),
    ]
