"""The front door: every request on its port goes to the deployed HTTP API.

With the caller's own Host header.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from infra.local.aws.http_api import MAX_PAYLOAD_BYTES, HttpResponse, problem

_NOTHING_DEPLOYED = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "No HTTP API is deployed yet; deploy the stack and try again",
}


class FrontDoor:
    """An ASGI application; the API is looked up for each request, so that a deployment needs no restart."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection scope."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await _send(send, await _handle(scope, receive))
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})


async def _live(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _handle(scope: Any, receive: Any) -> HttpResponse:
    from ministack.services import apigateway

    body = await _read_body(receive)
    if body is None:
        return problem(413, "Request Entity Too Large")
    deployed = _deployed_api()
    if deployed is None:
        document = json.dumps(_NOTHING_DEPLOYED).encode()
        return 503, {"content-type": "application/problem+json", "retry-after": "1"}, document
    api_id, stage = deployed
    query = scope.get("query_string", b"").decode("latin-1")
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?", 1)[0]
    response: HttpResponse = await apigateway.handle_execute(
        api_id,
        stage,
        apigateway.decode_http_api_path(raw_path),
        scope["method"],
        _headers(scope),
        body,
        parse_qs(query, keep_blank_values=True),
        raw_query_string=query,
    )
    return response


async def _read_body(receive: Any) -> bytes | None:
    """Read the body; None when it is larger than API Gateway takes (the rest is read and dropped)."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        size += len(message.get("body", b""))
        if size <= MAX_PAYLOAD_BYTES:
            chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks) if size <= MAX_PAYLOAD_BYTES else None


def _headers(scope: Any) -> dict[str, str]:
    """Join the headers as API Gateway does and add what it adds."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    host, port = scope.get("server") or ("127.0.0.1", 80)
    headers.setdefault("host", f"{host}:{port}")
    headers.setdefault("x-forwarded-for", (scope.get("client") or ("127.0.0.1", 0))[0])
    headers.setdefault("x-forwarded-port", str(port))
    headers.setdefault("x-forwarded-proto", "http")
    return headers


def _deployed_api() -> tuple[str, str] | None:
    """Return the newest HTTP API that has routes, and its stage."""
    from ministack.services import apigateway

    found = [
        (api["createdDate"], api_id, (account, region))
        for (account, region, api_id), api in list(apigateway._apis._data.items())
        if api.get("protocolType") == "HTTP"
    ]
    for _, api_id, scope in sorted(found, reverse=True):
        stages = apigateway._stages._data.get((*scope, api_id)) or {}
        if stages and apigateway._routes._data.get((*scope, api_id)):
            return api_id, "$default" if "$default" in stages else next(iter(stages))
    return None


async def _send(send: Any, response: HttpResponse) -> None:
    status, headers, body = response
    lines = [
        (name.encode("latin-1"), str(item).encode("latin-1", "replace"))
        for name, value in headers.items()
        for item in (value if isinstance(value, list) else [value])
        if name.lower() != "content-length"
    ]
    lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
