"""Takes the trace of a request from its ``traceparent``, and answers with where we stand in it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.telemetry import logger
from functions.trace_context import begin_trace


class TraceHeader:
    """Stands around the whole app, so that every answer and every log line is part of a trace."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: what it stands around."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"traceparent"]
        # Of two nobody knows which is meant.
        trace = begin_trace(given[0].decode("latin-1") if len(given) == 1 else None)
        logger.append_keys(trace_id=trace.trace_id)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["traceparent"] = trace.traceparent
            await send(message)

        await self._app(scope, receive, answer)
