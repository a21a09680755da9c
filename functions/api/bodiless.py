"""Routes that take no body refuse one: `{"version": 2}` sent to `publish` does not mean the draft."""

from __future__ import annotations

import json

from fastapi import Request
from fastapi.routing import APIRoute

from engine.errors import RequestError
from engine.json_value import JsonObject
from functions.api.query import query_cure

# What clients send that must send something.
_NOTHING = ("", "{}", "null")


async def refuse_unwanted_body(request: Request) -> None:
    """RequestError for a body that would change nothing; it says where the fields belong, if anywhere."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)  # noqa: S101 - FastAPI runs dependencies for no other kind
    if "requestBody" in (route.openapi_extra or {}):
        return
    body = await request.body()
    if body.strip().decode("latin-1") in _NOTHING:
        return
    cure = query_cure(request, _fields(body)) or "leave it out"
    raise RequestError(f"{request.method} {request.url.path} takes no body; {cure}.", "body")


def _fields(body: bytes) -> JsonObject:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
