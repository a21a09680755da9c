"""The request that a config stands for: a plain value, made without touching the network."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from engine.json_value import JsonValue, dump_json
from nodes.base import Credential, NodeContext, NodeError
from nodes.http_config import HttpBody, HttpConfig
from nodes.http_header import check_header_name, check_header_value

_CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}
# Methods that may be repeated without harm (RFC 9110, section 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True)
class OutgoingRequest:
    """A request in full; ``repeatable`` says whether sending it again does no harm.

    ``secrets`` must not be shown; ``secret_headers`` (lower case) stay with the first origin.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    content: bytes | None
    repeatable: bool
    secrets: tuple[str, ...]
    secret_headers: frozenset[str]


def make_request(config: HttpConfig, context: NodeContext) -> OutgoingRequest:
    """The request of a resolved config; NodeError when the credential or the body does not fit."""
    headers: dict[str, str] = {name.lower(): _spell(value) for name, value in config.headers.items()}
    query = [pair for name, value in config.query.items() for pair in _spell_pairs(name, value)]
    content = _encode_body(config.body)
    if content is not None:
        headers.setdefault("content-type", config.body.content_type or _CONTENT_TYPES[config.body.mode])
    if config.send_idempotency_key:
        headers.setdefault("idempotency-key", context.idempotency_key)
    secrets: tuple[str, ...] = ()
    own_headers: dict[str, str] = {}
    if config.credential is not None:
        credential = context.credential(config.credential)
        own_headers, own_query, secrets = _authenticate(credential)
        query.extend(own_query)
    return OutgoingRequest(
        method=config.method,
        url=config.url,
        query=tuple(query),
        headers=tuple({**headers, **own_headers}.items()),
        content=content,
        repeatable=config.method in _IDEMPOTENT or config.send_idempotency_key,
        secrets=secrets,
        secret_headers=frozenset(own_headers),
    )


def _authenticate(credential: Credential) -> tuple[dict[str, str], list[tuple[str, str]], tuple[str, ...]]:
    """Headers, query pairs and secrets of a credential."""
    if credential.kind == "bearer":
        token = _clean(credential, "token")
        return {"authorization": f"Bearer {token}"}, [], (token,)
    if credential.kind == "basic":
        username, password = credential.part("username"), credential.part("password")
        pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        return {"authorization": f"Basic {pair}"}, [], (password, pair)
    if credential.kind == "header":
        name, value = _header_name(credential), _clean(credential, "value")
        return {name: value}, [], (value,)
    if credential.kind == "query":
        return {}, [(credential.part("name"), credential.part("value"))], (credential.part("value"),)
    raise NodeError(
        f"config.credential: '{credential.name}' is of kind '{credential.kind}'; an HTTP request takes "
        "bearer, basic, header or query",
        field="config.credential",
    )


def _clean(credential: Credential, part: str) -> str:
    try:
        return check_header_value(credential.part(part))
    except ValueError:
        raise NodeError(
            f"config.credential: part '{part}' of '{credential.name}' cannot stand in a header",
            field="config.credential",
        ) from None


def _header_name(credential: Credential) -> str:
    try:
        return check_header_name(credential.part("name")).lower()
    except ValueError as error:
        raise NodeError(
            f"config.credential: '{credential.name}': {error}", field="config.credential"
        ) from None


def _encode_body(body: HttpBody) -> bytes | None:
    if body.mode == "none":
        return None
    if body.mode == "json":
        return _encode(dump_json(body.value))
    if body.mode == "form":
        if not isinstance(body.value, dict):
            raise _body_error("a form needs an object of fields")
        pairs = [pair for name, value in body.value.items() for pair in _spell_pairs(name, value)]
        return urlencode(pairs, errors="replace").encode("ascii")
    if not isinstance(body.value, str):
        raise _body_error("mode text needs a text; use mode json for other values")
    return _encode(body.value)


def _encode(text: str) -> bytes:
    # JSON can spell lone surrogates, UTF-8 cannot.
    return text.encode("utf-8", "replace")


def _body_error(message: str) -> NodeError:
    return NodeError(f"config.body.value: {message}", field="config.body.value")


def _spell_pairs(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    for item in value if isinstance(value, list) else [value]:
        if item is not None:
            yield name, _spell(item)


def _spell(value: JsonValue) -> str:
    return value if isinstance(value, str) else dump_json(value)
