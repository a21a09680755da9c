"""The ASGI application: every group of routes behind one gate."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.local.model_server.chat import chat_routes
from infra.local.model_server.context import ServerContext
from infra.local.model_server.control import Call, CallLedger, control_routes
from infra.local.model_server.data import data_routes
from infra.local.model_server.embedding import embedding_routes
from infra.local.model_server.errors import ApiError, answer_api_error, answer_http_error
from infra.local.model_server.fault import FaultDesk
from infra.local.model_server.image_api import image_routes
from infra.local.model_server.response_api import response_routes
from infra.local.model_server.seed import CREATED_AT_EPOCH_SECONDS
from infra.local.model_server.video_api import video_routes

SYNTHETIC_HEADER = "x-mini-n8n-synthetic"
MODELS = ("synthetic-chat", "synthetic-image", "synthetic-video", "synthetic-embedding")
NOTE = "The offline model server of Mini-N8N: every answer is synthetic, no model is asked."


@dataclass(frozen=True)
class ModelApp:
    """The application with what its owner needs of it."""

    asgi: ASGIApp
    context: ServerContext


class Gate:
    """Counts each call, asks for the key, and puts the synthetic header on every answer."""

    def __init__(self, app: ASGIApp, ledger: CallLedger, required_key: str | None) -> None:
        self._app = app
        self._ledger = ledger
        self._required_key = required_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith("/control/"):
            await self._app(scope, receive, self._mark(Call(scope["path"], is_over=True), send))
            return
        call = self._ledger.begin(f"{scope['method']} {scope['path']}")
        scope.setdefault("state", {})["call"] = call
        try:
            refusal = self._refuse(scope)
            await (refusal or self._app)(scope, receive, self._mark(call, send))
        finally:
            self._ledger.end(call)

    def _mark(self, call: Call, send: Send) -> Send:
        """``send`` with the header added; the ledger is up to date before the caller has the whole answer."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[SYNTHETIC_HEADER] = "true"
            elif not message.get("more_body", False):
                self._ledger.end(call)
            await send(message)

        return send_marked

    def _refuse(self, scope: Scope) -> Response | None:
        if self._required_key is None or not scope["path"].startswith("/v1/"):
            return None
        given = Headers(scope=scope).get("authorization", "")
        if secrets.compare_digest(given.encode(), f"Bearer {self._required_key}".encode()):
            return None
        message = (
            "Incorrect API key provided."
            if given
            else "You didn't provide an API key (Authorization: Bearer …)."
        )
        return ApiError(401, message, code="invalid_api_key").to_response()


def build_app(required_key: str | None = None) -> ModelApp:
    """A new application with an empty ledger; with ``required_key`` every ``/v1`` call must bring it."""
    ledger = CallLedger()
    context = ServerContext(ledger, FaultDesk(ledger))
    routes = [
        *chat_routes(context),
        *response_routes(context),
        *embedding_routes(context),
        *image_routes(context),
        *video_routes(context),
        *data_routes(context),
        *control_routes(ledger),
    ]
    listed = sorted({f"{method} {route.path}" for route in routes for method in route.methods or ()})
    routes += [
        Route("/", _answer_with({"synthetic": True, "note": NOTE, "routes": listed})),
        Route("/health", _answer_with({"synthetic": True, "status": "ok"})),
        Route(
            "/v1/models", _answer_with({"object": "list", "data": [_spell_model(name) for name in MODELS]})
        ),
        Route("/v1/models/{name}", _read_model),
    ]
    handlers = {ApiError: answer_api_error, HTTPException: answer_http_error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    return ModelApp(Gate(app, ledger, required_key), context)


def _answer_with(content: dict[str, object]) -> ASGIApp:
    """A route's application that always gives ``content``."""
    return JSONResponse(content)


def _spell_model(name: str) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": CREATED_AT_EPOCH_SECONDS,
        "owned_by": "mini-n8n-synthetic",
    }


async def _read_model(request: Request) -> Response:
    """Any model name is served, so any name has a description."""
    return JSONResponse(_spell_model(request.path_params["name"]))
