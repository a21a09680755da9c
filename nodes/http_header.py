"""Headers of the HTTP node: which may be set, and which must not follow to another origin."""

from __future__ import annotations

import re

# A token of RFC 9110, section 5.6.2.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MAX_VALUE_LENGTH = 8_000  # characters; servers refuse longer header lines (nginx and Apache: 8 KiB)
# Set by the client: a value of one's own would desynchronise a connection, or reach another virtual host
# than the one that was checked.
_RESERVED = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "proxy-authorization",
        "proxy-connection",
    }
)
_SECRET = re.compile(r"auth|token|key|secret|cookie|session|signature|credential|password", re.IGNORECASE)


def check_header_name(name: str) -> str:
    """The name; ValueError when it is no token or not the workflow's to set."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name[:80]}' is no header name")
    if name.lower() in _RESERVED:
        raise ValueError(f"header '{name}' is set by the client; leave it out")
    return name


def check_header_value(value: str) -> str:
    """The value; ValueError when it cannot stand in a header line."""
    if _BAD_VALUE.search(value) or len(value) > MAX_VALUE_LENGTH:
        raise ValueError(
            f"a header value has at most {MAX_VALUE_LENGTH} characters, no line breaks among them"
        )
    return value.strip()


def carries_secret(name: str) -> bool:
    """Whether a header of this name is likely to authenticate: it stays with the origin it was meant for."""
    return _SECRET.search(name) is not None
