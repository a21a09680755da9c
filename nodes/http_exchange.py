"""Sending a request and reading its answer: guarded, bounded, redirects checked one by one."""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
import time
from dataclasses import dataclass

import httpx

from nodes.base import NodeError, RetryableNodeError
from nodes.http_guard import Guard, GuardedTransport
from nodes.http_guard_url import read_destination
from nodes.http_header import carries_secret
from nodes.http_request import OutgoingRequest

USER_AGENT = "mini-n8n"
# Encodings that httpx decodes with the standard library, a read of 64 KiB at a time: zlib expands at most
# 1,032 times (https://zlib.net/zlib_tech.html), so that a bomb is noticed within 66 MiB.
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
# A name lookup, a connection and a first byte that take longer are better tried again, in seconds.
MAX_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Limits:
    """What an exchange may take: seconds in all, redirects, bytes of the decoded body."""

    timeout_seconds: float
    max_redirects: int | None
    max_response_bytes: int


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case, the body decoded from gzip or deflate."""

    status_code: int
    reason: str
    headers: dict[str, str]
    url: str
    body: bytes
    elapsed_ms: int
    is_redirect: bool


@functools.cache
def make_tls_context() -> ssl.SSLContext:
    """Certificates are checked against certifi's list; made once, it takes milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


async def exchange(request: OutgoingRequest, guard: Guard, limits: Limits) -> Answer:
    """The answer to a request, redirects followed as far as ``limits`` allow (None: not at all).

    RetryableNodeError when the exchange failed and may be repeated, NodeError otherwise.
    """
    started = time.perf_counter()
    _quieten_clients()
    try:
        async with asyncio.timeout(limits.timeout_seconds):
            return await _exchange(request, guard, limits, started)
    except (TimeoutError, httpx.TimeoutException) as error:
        unsent = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
        what = f"no complete answer within {limits.timeout_seconds:g} s"
        raise _interrupted(request, what, unsent=unsent) from error
    except httpx.ConnectError as error:
        if _is_caused_by(error, ssl.SSLCertVerificationError):
            raise NodeError(f"{_name(request)}: the certificate is not valid: {error}") from error
        raise _interrupted(request, f"no connection: {error}", unsent=True) from error
    except (httpx.LocalProtocolError, UnicodeError) as error:
        # UnicodeError: a cookie that came with a redirect has characters that no header may have.
        raise NodeError(f"{_name(request)} cannot be sent: {error}") from error
    except httpx.DecodingError as error:
        raise NodeError(f"{_name(request)}: the body is not encoded as its header says: {error}") from error
    except httpx.TransportError as error:
        if _is_caused_by(error, httpx.InvalidURL):
            raise NodeError(f"{_name(request)} redirects to what is no URL") from error
        raise _interrupted(request, f"the connection broke: {error}", unsent=False) from error


def _quieten_clients() -> None:
    """Below WARNING the client logs whole addresses, and a query credential stands in one."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


async def _exchange(request: OutgoingRequest, guard: Guard, limits: Limits, started: float) -> Answer:
    inner = httpx.AsyncHTTPTransport(
        verify=make_tls_context(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
    timeout = httpx.Timeout(limits.timeout_seconds, connect=min(limits.timeout_seconds, MAX_CONNECT_SECONDS))
    async with httpx.AsyncClient(
        transport=GuardedTransport(guard, inner), trust_env=False, timeout=timeout
    ) as client:
        current = _build(client, request)
        for _ in range((limits.max_redirects or 0) + 1):
            response = await client.send(current, stream=True, follow_redirects=False)
            try:
                following = response.next_request
                if following is None or limits.max_redirects is None:
                    body = await _read_body(response, limits.max_response_bytes)
                    return _make_answer(response, body, started)
            finally:
                await response.aclose()
            current = _follow(current, following, request)
    raise NodeError(
        f"{_name(request)}: more than {limits.max_redirects} redirects; raise config.max_redirects or name "
        "the final address",
        field="config.max_redirects",
    )


def _build(client: httpx.AsyncClient, request: OutgoingRequest) -> httpx.Request:
    try:
        url = httpx.URL(request.url)
        read_destination(url)
        if request.query:
            url = url.copy_with(params=[*url.params.multi_items(), *request.query])
        headers = {"user-agent": USER_AGENT, "accept-encoding": "gzip, deflate", **dict(request.headers)}
        return client.build_request(request.method, url, headers=headers, content=request.content)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise NodeError(
            f"config.url: '{request.url[:200]}' is no URL: {error}", field="config.url"
        ) from error


def _follow(current: httpx.Request, following: httpx.Request, first: OutgoingRequest) -> httpx.Request:
    """The redirected request; what authenticates stays behind when the origin changes."""
    if _origin(current.url) != _origin(following.url):
        for name in list(following.headers):
            if name in first.secret_headers or carries_secret(name):
                del following.headers[name]
    return following


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _read_body(response: httpx.Response, max_bytes: int) -> bytes:
    if response.request.method == "HEAD":
        return b""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise NodeError(f"{response.request.url.host} answered in encoding '{encoding[:40]}', not asked for")
    body = bytearray()
    if _is_announced_larger(response.headers.get("content-length", ""), max_bytes):
        raise _too_large(response, max_bytes)
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > max_bytes:
            raise _too_large(response, max_bytes)
    return bytes(body)


def _is_announced_larger(content_length: str, max_bytes: int) -> bool:
    # More than 18 digits are more than any limit, and more than int() may be given.
    if not (content_length.isascii() and content_length.isdigit()):
        return False
    return len(content_length) > 18 or int(content_length) > max_bytes


def _too_large(response: httpx.Response, max_bytes: int) -> NodeError:
    return NodeError(
        f"{response.request.url.host} answered with more than {max_bytes:,} bytes; ask for less at a time"
    )


def _make_answer(response: httpx.Response, body: bytes, started: float) -> Answer:
    return Answer(
        status_code=response.status_code,
        reason=response.reason_phrase,
        headers={name: ", ".join(response.headers.get_list(name)) for name in response.headers},
        url=str(response.request.url),
        body=body,
        elapsed_ms=round((time.perf_counter() - started) * 1000),
        is_redirect=response.has_redirect_location,
    )


def _interrupted(request: OutgoingRequest, what: str, *, unsent: bool) -> NodeError:
    if unsent or request.repeatable:
        return RetryableNodeError(f"{_name(request)}: {what}")
    return NodeError(
        f"{_name(request)}: {what}; it is not tried again, because it may have been carried out "
        "(config.send_idempotency_key allows it)"
    )


def _name(request: OutgoingRequest) -> str:
    return f"{request.method} {request.url.partition('?')[0][:200]}"


def _is_caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None
