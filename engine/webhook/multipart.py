"""multipart/form-data (RFC 7578), whole in memory: Lambda hands over 6 MB at most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

# A form of more parts than this is no form: each file costs a request to S3.
MAX_PARTS = 100
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")


@dataclass(frozen=True)
class Part:
    """One field; ``filename`` is None unless it is a file."""

    name: str
    filename: str | None
    content_type: str
    data: bytes


def header_parameters(value: str) -> Message:
    """A header with parameters, for ``get_param`` and its like."""
    message = Message()
    message["content-type"] = value
    return message


def read_multipart(data: bytes, content_type: str) -> tuple[Part, ...]:
    """The parts in order; ValueError says what is wrong."""
    boundary = header_parameters(content_type).get_boundary("")
    if not boundary or not _BOUNDARY.fullmatch(boundary):
        raise ValueError("the content type names no usable boundary")
    delimiter = b"\r\n--" + boundary.encode()
    pieces = (b"\r\n" + data).split(delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the form does not end with its boundary")
    if len(pieces) - 2 > MAX_PARTS:
        raise ValueError(f"the form has more than {MAX_PARTS} parts")
    return tuple(_part(piece) for piece in pieces[1:-1])


def _part(piece: bytes) -> Part:
    # What stands between boundary and line end is padding (RFC 2046, section 5.1.1).
    _, found, rest = piece.partition(b"\r\n")
    head, separated, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if not found or not separated:
        raise ValueError("a part has no headers")
    headers = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, colon, value = line.partition(":")
        if colon:
            headers[key.strip()] = re.sub(r"[\x00-\x1f]", " ", value.strip())
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise ValueError("a part has no name")
    return Part(name, headers.get_filename(), headers.get("content-type", "text/plain"), content)
