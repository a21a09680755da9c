"""HEAD is answered as GET, without the body (RFC 9110, section 9.3.2): monitors ask so, and `curl -I`."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequest:
    """Stands around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        """``app``: what answers GET."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app(dict(scope) | {"method": "GET"}, receive, answer)
