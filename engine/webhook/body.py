"""The body of a webhook's request: JSON, form, multipart, text; everything else is a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from engine.json_text import read_json
from engine.json_value import JsonObject, JsonValue
from engine.webhook.multipart import header_parameters, read_multipart
from engine.webhook.request import WebhookError

MAX_FIELDS = 1_000


@dataclass(frozen=True)
class Upload:
    """A file to store: ``field`` is its name in the form, None where it is the whole body."""

    field: str | None
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Body:
    """What a workflow sees of a body, and the files that were in it."""

    value: JsonValue
    uploads: tuple[Upload, ...] = ()


def read_body(data: bytes, content_type: str, *, raw: bool) -> Body:
    """The body as its content type says, or with ``raw`` as text; WebhookError, 400, if it is not that."""
    if not data:
        return Body(None)
    kind = header_parameters(content_type).get_content_type() if content_type else ""
    try:
        if raw or not kind or kind.startswith("text/"):
            return _text(data, content_type)
        if kind == "application/json" or kind.endswith("+json"):
            return Body(read_json(data))
        if kind == "application/x-www-form-urlencoded":
            text = data.decode("utf-8", "replace")
            return Body(fold(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)))
        if kind == "multipart/form-data":
            return _form(data, content_type)
    except ValueError as error:
        raise WebhookError(400, "invalid-body", f"The body is not {kind}: {error}.") from None
    return Body(None, (Upload(None, "body", kind, data),))


def fold(pairs: Iterable[tuple[str, str]]) -> JsonObject:
    """Fields by name; one that comes several times is a list."""
    found: JsonObject = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _text(data: bytes, content_type: str) -> Body:
    try:
        return Body(data.decode("utf-8"))
    except UnicodeDecodeError:
        return Body(None, (Upload(None, "body", content_type or "application/octet-stream", data),))


def _form(data: bytes, content_type: str) -> Body:
    parts = read_multipart(data, content_type)
    fields = fold(
        (part.name, part.data.decode("utf-8", "replace")) for part in parts if part.filename is None
    )
    uploads = (
        Upload(part.name, part.filename or "file", part.content_type, part.data)
        for part in parts
        if part.filename is not None
    )
    return Body(fields, tuple(uploads))
