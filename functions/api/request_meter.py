"""Measures requests: how long they took, and which were refused."""

from __future__ import annotations

from time import perf_counter
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.api.services import Services

# Nobody knows who asks, they may not, or not so often. What else is wrong is the sender's affair.
REFUSALS = (401, 403, 429)


class RequestMeter:
    """Counts and times every request of the app."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: what it measures."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            services: Services = scope["app"].state.services
            # Who asks to wait for an execution waits for that, and not for us.
            if "wait" not in parse_qs(scope["query_string"].decode("latin-1")):
                services.metrics.milliseconds("RequestDuration", (perf_counter() - began) * 1000)
            if status in REFUSALS:
                services.metrics.count("RequestsRefused", status=str(status))
