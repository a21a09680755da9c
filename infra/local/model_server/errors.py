"""Errors in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``.

Shape: https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse


class ApiError(Exception):
    """An answer that is an error: status, message, and which parameter it is about."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    def to_response(self) -> JSONResponse:
        """The JSON answer that an OpenAI client turns into its own exception."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": error}, status_code=self.status, headers=self.headers)


def answer_api_error(_request: Request, error: Exception) -> JSONResponse:
    """Starlette's handler for ``ApiError``."""
    if not isinstance(error, ApiError):
        raise error
    return error.to_response()


def answer_http_error(request: Request, error: Exception) -> JSONResponse:
    """Starlette's handler for unknown routes and methods."""
    if not isinstance(error, HTTPException):
        raise error
    message = (
        f"{error.detail} ({request.method} {request.url.path}). See GET / for the routes of this server."
    )
    code = "unknown_url" if error.status_code == 404 else None
    return ApiError(error.status_code, message, code=code, headers=error.headers).to_response()
