"""A request to a webhook and its answer, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from engine.errors import MiniN8nError, Problem
from engine.json_value import JsonObject, JsonValue

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class WebhookRequest:
    """One request: ``path`` below the webhooks' root, header names in lower case, the body as it came."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source_ip: str | None = None
    test: bool = False


@dataclass(frozen=True)
class WebhookAnswer:
    """Status, headers and body; or a problem document, to which who sends it adds its place and its trace."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: JsonObject | None = None


class WebhookError(MiniN8nError):
    """A request that starts nothing; ``kind`` ends the problem's type."""

    def __init__(
        self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.kind, self.headers = status, kind, dict(headers or {})
        super().__init__(message)


def json_answer(status: int, value: JsonValue, headers: Mapping[str, str] | None = None) -> WebhookAnswer:
    """A JSON answer."""
    return WebhookAnswer(status, write_json(value), {"content-type": "application/json", **(headers or {})})


def write_json(value: JsonValue) -> bytes:
    """A value as JSON in ASCII, so that every string has a spelling."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def problem_answer(
    status: int,
    kind: str,
    detail: str,
    *,
    problems: tuple[Problem, ...] = (),
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> WebhookAnswer:
    """A problem document, as the API spells them (RFC 9457)."""
    document: JsonObject = {
        "type": f"urn:mini-n8n:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    if problems:
        document["problems"] = [problem.as_dict() for problem in problems]
    return WebhookAnswer(status, headers={**(headers or {}), "content-type": MEDIA_TYPE}, problem=document)
