"""A request to a webhook and its answer, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from engine.errors import MiniN8nError, Problem
from engine.json_value import JsonObject


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
    """Status, headers and body."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class WebhookError(MiniN8nError):
    """A request that starts nothing; ``kind`` ends the problem's type."""

    def __init__(
        self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.kind, self.headers = status, kind, dict(headers or {})
        super().__init__(message)


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> WebhookAnswer:
    """A JSON answer; in ASCII, so that every string has a spelling."""
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return WebhookAnswer(status, body, {"content-type": "application/json", **(headers or {})})


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
    return json_answer(status, document, {**(headers or {}), "content-type": "application/problem+json"})
