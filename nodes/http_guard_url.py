"""What a URL must look like before its name is even resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from nodes.base import NodeError

if TYPE_CHECKING:
    import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIELD = "config.url"
# A label of a host name (RFC 1123), with the underscore that real names use.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
MAX_NAME_LENGTH = 253  # characters of a host name (RFC 1035, section 2.3.4)
# "2130706433", "0x7f.1", "0177.0.0.1": spellings of an IPv4 address that only some parsers understand.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True)
class Destination:
    """Where a URL leads: a host name or IP address in lower case, and a port."""

    host: str
    port: int
    is_address: bool

    @property
    def spelled(self) -> str:
        """``host:port``, as an allow-list spells it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_destination(url: httpx.URL) -> Destination:
    """The destination of an absolute http or https URL; NodeError says what is wrong with it."""
    if url.scheme not in _DEFAULT_PORTS:
        raise NodeError(
            f"{_FIELD}: only http and https are allowed, not '{url.scheme[:20]}'; "
            "write the address in full, beginning with https://",
            field=_FIELD,
        )
    if url.userinfo:
        raise NodeError(
            f"{_FIELD}: a URL must not carry a user name or password; store a credential and name it in "
            "config.credential",
            field=_FIELD,
        )
    host = url.raw_host.decode("ascii").lower().removesuffix(".")
    port = url.port if url.port is not None else _DEFAULT_PORTS[url.scheme]
    if not 0 < port < 65_536:
        raise NodeError(f"{_FIELD}: {port} is no port", field=_FIELD)
    return Destination(host, port, _is_address(host))


def _is_address(host: str) -> bool:
    if ":" in host:
        return _is_v6(host)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _is_v4(host)
    if len(host) > MAX_NAME_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise NodeError(f"{_FIELD}: '{host[:80]}' is no host name", field=_FIELD)
    return False


def _is_v4(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        raise NodeError(
            f"{_FIELD}: '{host[:80]}' is a disguised IP address; write it as four decimal numbers",
            field=_FIELD,
        ) from None
    return True


def _is_v6(host: str) -> bool:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise NodeError(f"{_FIELD}: '{host[:80]}' is no IPv6 address without a zone", field=_FIELD)
    return True
