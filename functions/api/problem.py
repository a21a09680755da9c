"""Problem documents (RFC 9457): how every error of the API looks."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.access.window import SECONDS
from engine.approval import ApprovalClosedError
from engine.errors import (
    ConflictError,
    DocumentError,
    ForbiddenError,
    LimitExceededError,
    MiniN8nError,
    NotFoundError,
    Problem,
    RequestError,
    RevisionConflictError,
    UnauthenticatedError,
    UnavailableError,
)
from engine.wording import say
from functions.api.json_response import SafeJsonResponse
from functions.telemetry import logger
from functions.trace_context import current_trace_id

MEDIA_TYPE = "application/problem+json"
# Of the limits that count within a window; places for executions are given back when those end.
WINDOW_SECONDS: dict[str, int] = {str(kind): seconds for kind, seconds in SECONDS.items()}
TYPE_PREFIX = "urn:mini-n8n:problem:"


class ProblemItem(BaseModel):
    """One thing that is wrong, and where."""

    code: str = Field(description="Stable, for programs.")
    message: str = Field(description="What is wrong, and the cure.")
    node: str | None = Field(None, description="Id of the node.")
    field: str | None = Field(None, description="Dotted path of the field.")


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 spells it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Stable: urn:mini-n8n:problem:…")
    title: str
    status: int
    detail: str
    instance: str | None = None
    trace_id: str | None = Field(None, description="Finds the request in logs and traces.")
    problems: list[ProblemItem] | None = None


def problem_response(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    *,
    problems: Sequence[Problem] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """The answer for one error."""
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "trace_id": current_trace_id(),
    }
    if problems:
        document["problems"] = [problem.as_dict() for problem in problems]
    told = getattr(request.state, "limit_headers", {}) | (headers or {})
    return SafeJsonResponse(document, status_code=status, media_type=MEDIA_TYPE, headers=told)


def limit_headers(policy: str, limit: int, remaining: int, reset_seconds: int) -> dict[str, str]:
    """How somebody stands within a limit, as
    https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10 spells it."""
    window = f";w={WINDOW_SECONDS[policy]}" if policy in WINDOW_SECONDS else ""
    return {
        "RateLimit-Policy": f'"{policy}";q={limit}{window}',
        "RateLimit": f'"{policy}";r={remaining};t={reset_seconds}',
    }


# What needs no more than its message, the narrower class first.
_PLAIN: tuple[tuple[type[MiniN8nError], int, str], ...] = (
    (UnauthenticatedError, 401, "unauthorized"),
    (ForbiddenError, 403, "forbidden"),
    (LimitExceededError, 429, "limit-exceeded"),
    (NotFoundError, 404, "not-found"),
    (RevisionConflictError, 412, "revision-conflict"),
    (ConflictError, 409, "conflict"),
    (ApprovalClosedError, 410, "gone"),
    (UnavailableError, 503, "unavailable"),
)


def _describe(error: MiniN8nError) -> tuple[int, str, str, Sequence[Problem]]:
    """(status, kind, detail, problems) of an error of the engine."""
    if isinstance(error, DocumentError):
        count = len(error.problems)
        detail = f"The workflow has {count} problem{'s' if count != 1 else ''}."
        return 422, "invalid-document", detail, error.problems
    if isinstance(error, RequestError):
        return 422, "invalid-request", str(error), error.problems or _field_problem(error)
    for error_class, status, kind in _PLAIN:
        if isinstance(error, error_class):
            return status, kind, str(error), ()
    return 500, "internal", "Something failed here; the log says what.", ()


def _field_problem(error: RequestError) -> Sequence[Problem]:
    return (Problem("request", str(error), None, error.field),) if error.field else ()


def _on_engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MiniN8nError)  # noqa: S101 - registered for that class alone
    status, kind, detail, problems = _describe(error)
    if status >= 500:
        # The handler runs in a thread of its own, where no exception is being handled.
        logger.error("request failed", exc_info=error)
    headers = {"Retry-After": "1"} if status == 503 else {}
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, LimitExceededError):
        headers |= limit_headers(error.policy, error.limit, 0, error.retry_after_seconds)
        headers["Retry-After"] = str(error.retry_after_seconds)
    return problem_response(request, status, kind, detail, problems=problems, headers=headers)


def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for that class alone
    problems = [
        Problem(
            "missing_parameter" if item["type"] == "missing" else "bad_value",
            say(item),
            None,
            ".".join(str(part) for part in item["loc"]),
        )
        for item in error.errors()
    ]
    detail = "The request does not fit: " + "; ".join(f"{p.field}: {p.message}" for p in problems)
    return problem_response(request, 422, "invalid-request", detail, problems=problems)


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class alone
    kinds = {401: "unauthorized", 404: "not-found", 413: "too-large"}
    kind = kinds.get(error.status_code, "invalid-request")
    headers = dict(error.headers) if error.headers else None
    detail = str(error.detail)
    return problem_response(request, error.status_code, kind, detail, headers=headers)


class BugGuard:
    """Turns an exception that nobody foresaw into a problem document, and logs it.

    Starlette's own guard raises again after it has answered, which ends a Lambda invocation as failed.
    """

    def __init__(self, app: ASGIApp) -> None:
        """``app``: what it guards."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            logger.exception("request failed", exc_info=error)
            if started or scope["type"] != "http":
                raise
            answer = problem_response(
                Request(scope), 500, "internal", "Something failed here; the log says what."
            )
            await answer(scope, receive, send)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem document."""
    app.add_exception_handler(MiniN8nError, _on_engine_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_middleware(BugGuard)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of these errors."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status in statuses
    }
