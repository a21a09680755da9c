"""Turning the bytes of an answer into JSON, a text or a file."""

from __future__ import annotations

import codecs
import json
import mimetypes
import re
from collections.abc import Mapping
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from engine.json_value import JsonValue
from nodes.base import NodeError
from nodes.json_text import parse_json_text

_TEXT_TYPE = re.compile(
    r"text/.*|application/(.*\+)?(xml|yaml|x-yaml|javascript|x-www-form-urlencoded|graphql)"
)
_JSON_TYPE = re.compile(r"application/(.*\+)?json|text/json")
# Codecs that are slow (quadratic) or no character sets at all.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"})
_NOT_IN_A_NAME = re.compile(r"[^\w.() -]+")
MAX_NAME_LENGTH = 120  # characters of a file name; file systems allow 255 bytes
MAX_EXCERPT_LENGTH = 300  # characters of a body that an error shows


def choose_form(headers: Mapping[str, str], body: bytes) -> str:
    """``json``, ``text`` or ``file`` by the content type; without one, text where it is UTF-8."""
    kind = read_content_type(headers)
    if _JSON_TYPE.fullmatch(kind):
        return "json"
    if not body or _TEXT_TYPE.fullmatch(kind):
        return "text"
    if kind == "":
        return "text" if _is_utf8(body) else "file"
    return "file"


def read_content_type(headers: Mapping[str, str]) -> str:
    """The media type in lower case, without parameters; empty where there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def decode_text(headers: Mapping[str, str], body: bytes) -> str:
    """The body as text, by the charset of the content type or as UTF-8; what does not fit is replaced."""
    message = Message()
    message["content-type"] = headers.get("content-type", "text/plain").replace("\n", " ").replace("\r", " ")
    charset = message.get_content_charset("utf-8")
    try:
        if codecs.lookup(charset).name in _NO_CHARSETS:
            charset = "utf-8"
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")


def parse_json(body: bytes) -> JsonValue:
    """The body as JSON, None when it is empty; NodeError when it is none."""
    if not body.strip():
        return None
    try:
        return parse_json_text(body.decode(json.detect_encoding(body)))
    except ValueError as error:
        raise NodeError(
            f"the answer is no JSON ({error}): {excerpt(body)}; set config.response to text or file",
            field="config.response",
        ) from None


def excerpt(body: bytes) -> str:
    """The beginning of a body, on one line, for an error message."""
    text = " ".join(body[: MAX_EXCERPT_LENGTH * 4].decode("utf-8", "replace").split())
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= MAX_EXCERPT_LENGTH else f"{shown[:MAX_EXCERPT_LENGTH]}…"


def choose_file_name(headers: Mapping[str, str], url: str) -> str:
    """A name for the stored file: the server's, else the URL's, always with an extension and no path."""
    message = Message()
    message["content-disposition"] = (
        headers.get("content-disposition", "").replace("\n", " ").replace("\r", " ")
    )
    said = message.get_filename() or unquote(urlsplit(url).path)
    name = _NOT_IN_A_NAME.sub("_", PurePosixPath(said.replace("\\", "/")).name).strip(". ")[-MAX_NAME_LENGTH:]
    name = name or "download"
    if PurePosixPath(name).suffix:
        return name
    return name + (mimetypes.guess_extension(read_content_type(headers)) or ".bin")


def _is_utf8(body: bytes) -> bool:
    try:
        return "\x00" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False
