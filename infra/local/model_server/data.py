"""``/data``: plain HTTP for examples and tests: records, an echo, slow, large and failing answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.local.model_server.context import ServerContext
from infra.local.model_server.data_set import find_company, list_companies, list_news
from infra.local.model_server.errors import ApiError
from infra.local.model_server.fault import MAX_WAIT_SECONDS
from infra.local.model_server.picture import draw_picture, encode_picture
from infra.local.model_server.seed import Json

MAX_BYTES = 100_000_000  # bytes of one answer of /data/bytes
CHUNK_BYTES = 65_536  # bytes sent at a time, so that a large answer is never whole in memory
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_NO_BODY = frozenset({204, 304})
_HEAD, _TAIL = b'{"synthetic": true, "text": "', b'"}'


def _synthetic(**fields: Json) -> JSONResponse:
    return JSONResponse({"synthetic": True, **fields})


def _read_number(request: Request, name: str, default: float, most: float) -> float:
    text = request.query_params.get(name, str(default))
    try:
        number = float(text)
    except ValueError as error:
        raise ApiError(400, f"'{name}': {text!r} is not a number.", param=name) from error
    if not 0 <= number <= most:
        raise ApiError(400, f"'{name}': {text} is not from 0 to {most:g}.", param=name)
    return number


async def read_companies(request: Request) -> Response:
    """Pages of the list: ``?offset=0&limit=100``."""
    offset, limit = (
        int(_read_number(request, "offset", 0, 10_000)),
        int(_read_number(request, "limit", 100, 1_000)),
    )
    companies = list_companies()
    return _synthetic(companies=companies[offset : offset + limit], total=len(companies))


async def read_company(request: Request) -> Response:
    """One record, or 404."""
    key = request.path_params["company_id"]
    company = find_company(key)
    if company is None:
        raise ApiError(
            404, f"There is no record of the company {key!r}.", param="company_id", code="not_found"
        )
    return _synthetic(**company)


async def read_news(request: Request) -> Response:
    """News, of one company with ``?company=``."""
    items = list_news(request.query_params.get("company"))
    return _synthetic(items=items, total=len(items))


async def echo(request: Request) -> Response:
    """The request as it arrived: method, path, query, headers, body as text and as JSON where it is JSON."""
    body = await request.body()
    try:
        parsed = json.loads(body) if body else None
    except ValueError:
        parsed = None
    query: dict[str, Any] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        query[name] = values[0] if len(values) == 1 else values
    return _synthetic(
        method=request.method,
        path=request.url.path,
        query=query,
        headers=dict(request.headers),
        body=body.decode("utf-8", "replace"),
        json=parsed,
    )


async def answer_status(request: Request) -> Response:
    """The status in the path; 429 and 503 with ``?retry_after=`` (1), redirects to ``?to=`` (echo)."""
    status = request.path_params["code"]
    if not 200 <= status <= 599:
        raise ApiError(400, f"'code': {status} is not from 200 to 599.", param="code")
    if status in _NO_BODY:
        return Response(status_code=status)
    if 300 <= status <= 399:
        return RedirectResponse(request.query_params.get("to", "/data/echo"), status_code=status)
    headers = {"retry-after": request.query_params.get("retry_after", "1")} if status in (429, 503) else {}
    return JSONResponse({"synthetic": True, "status": status}, status_code=status, headers=headers)


async def send_bytes(request: Request) -> Response:
    """JSON text of exactly the number of bytes in the path: ``{"synthetic": true, "text": "xxx…"}``."""
    wanted = request.path_params["count"]
    least = len(_HEAD) + len(_TAIL)
    if not least <= wanted <= MAX_BYTES:
        raise ApiError(400, f"'count': {wanted} is not from {least} to {MAX_BYTES}.", param="count")
    headers = {"content-length": str(wanted)}
    return StreamingResponse(_stream_text(wanted - least), media_type="application/json", headers=headers)


async def _stream_text(count: int) -> AsyncIterator[bytes]:
    yield _HEAD
    chunk = b"x" * CHUNK_BYTES
    for _ in range(count // CHUNK_BYTES):
        yield chunk
    yield b"x" * (count % CHUNK_BYTES) + _TAIL


async def read_picture(request: Request) -> Response:
    """A small PNG with ``?text=`` on it."""
    picture = draw_picture(request.query_params.get("text", "offline data set"), 320, 200)
    return Response(encode_picture(picture), media_type="image/png")


def data_routes(context: ServerContext) -> list[Route]:
    """Every route under ``/data``."""

    async def answer_slowly(request: Request) -> Response:
        seconds = _read_number(request, "seconds", 2, MAX_WAIT_SECONDS)
        await context.faults.wait(request, seconds)
        return _synthetic(seconds=seconds)

    async def fail_first(request: Request) -> Response:
        key, query = request.path_params["key"], request.query_params
        failures = int(_read_number(request, "failures", 1, 1_000))
        attempt = context.ledger.next_attempt("/data/flaky", key)
        if attempt > failures:
            return _synthetic(key=key, attempt=attempt)
        status = int(_read_number(request, "status", 503, 599))
        headers = {"retry-after": query.get("retry_after", "1")} if status in (429, 503) else {}
        return JSONResponse(
            {"synthetic": True, "key": key, "attempt": attempt}, status_code=status, headers=headers
        )

    return [
        Route("/data/companies", read_companies, methods=["GET"]),
        Route("/data/companies/{company_id}", read_company, methods=["GET"]),
        Route("/data/news", read_news, methods=["GET"]),
        Route("/data/echo", echo, methods=METHODS),
        Route("/data/slow", answer_slowly, methods=METHODS),
        Route("/data/status/{code:int}", answer_status, methods=METHODS),
        Route("/data/flaky/{key}", fail_first, methods=METHODS),
        Route("/data/bytes/{count:int}", send_bytes, methods=["GET"]),
        Route("/data/picture.png", read_picture, methods=["GET"]),
    ]
