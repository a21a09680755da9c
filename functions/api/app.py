"""Builds the app: routes, problems, CORS, documentation."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from functions.api.body import body_schemas
from functions.api.docs_page import install_docs_page
from functions.api.head_request import HeadRequest
from functions.api.json_response import SafeJsonResponse
from functions.api.near_miss import install_near_misses
from functions.api.problem import ProblemDocument, install_problem_handlers
from functions.api.request_meter import RequestMeter
from functions.api.route_group import RouteGroups, RoutesMadeWhenAsked
from functions.api.services import Services
from functions.api.trace_header import TraceHeader

# What scripts of other origins may read besides the body.
EXPOSED_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "traceparent",
)
DESCRIPTION = """\
Workflows in, results out. `POST /api/v1/workflows/` saves a workflow, `POST …/execute` runs it as its own
state machine, `GET /api/v1/executions/{id}` shows each node.

- **Keys** go in `Authorization: Bearer …`, as tokens of an OIDC issuer do, or in `X-API-Key`.
- **Lists** have a `cursor`: ask for the next page with it and the same filters, until it is null.
- **Errors** are RFC 9457 problem documents; `problems` names each field and what would do.
- **Limits** are told in `RateLimit` headers; over one it is 429 with `Retry-After`.
- **Webhooks** stand at `/webhooks/{path}` (live version) and `/webhooks-test/{path}` (draft), by the methods
  of their trigger, and take no key: a trigger says which secret or signature proves who sends.
"""


def create_app(services: Services, *, with_routes: bool = False) -> FastAPI:
    """The API over these services; ``with_routes``: make all of them now, and not when they are asked for."""
    app = FastAPI(
        title="Mini-N8N",
        version="1",
        description=DESCRIPTION,
        default_response_class=SafeJsonResponse,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    install_docs_page(app)
    groups = RouteGroups(app)
    app.add_middleware(RoutesMadeWhenAsked, groups=groups)
    install_problem_handlers(app)
    if services.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(services.cors_origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=list(EXPOSED_HEADERS),
        )
    # Last, so that it stands around all of them.
    app.add_middleware(RequestMeter)
    app.add_middleware(TraceHeader)
    app.add_middleware(HeadRequest)
    install_near_misses(app, groups)
    _describe(app, groups)
    if with_routes:
        groups.make_all()
    return app


def _describe(app: FastAPI, groups: RouteGroups) -> None:
    """The OpenAPI document, made when first asked for, with our problem documents in it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            groups.make_all()
            document = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            components = document.setdefault("components", {})
            problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            components["schemas"] = {
                **body_schemas(),
                **problem.pop("$defs", {}),
                **components.get("schemas", {}),
                "ProblemDocument": problem,
            }
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI documents this way of extending it
