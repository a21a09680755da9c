"""The guard of the HTTP node: it decides what is reached, and connects to exactly what it checked.

Two libraries do part of this. httpx-secure opens a connection to find out where a name leads, and judges
after; microsoft-antissrf works with requests alone. Neither bounds what comes back.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from nodes.base import NodeError, RetryableNodeError
from nodes.http_guard_address import explain_refusal
from nodes.http_guard_url import Destination, read_destination

_FIELD = "config.url"
# Addresses of one name that are tried, one after the other, until one accepts a connection.
MAX_ADDRESSES_TRIED = 4

Resolver: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host name, best first; OSError (``socket.gaierror``) when there are none."""


async def resolve_name(host: str, port: int) -> list[str]:
    """The system's answer: IP addresses without duplicates."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Guard:
    """Public addresses, and the ``host:port`` pairs that the operator lets through."""

    allowed_hosts: frozenset[str] = frozenset()
    resolve: Resolver = resolve_name

    async def find_addresses(self, destination: Destination) -> list[str]:
        """The checked addresses of a destination; NodeError when any of them must not be reached."""
        allowed = destination.spelled in {host.lower() for host in self.allowed_hosts}
        if not allowed and _is_local_name(destination.host):
            raise self._refuse(destination, "a loopback")
        addresses = [destination.host] if destination.is_address else await self._resolve(destination)
        if not allowed:
            for address in addresses:
                kind = explain_refusal(address)
                if kind is not None:
                    raise self._refuse(destination, kind)
        return addresses[:MAX_ADDRESSES_TRIED]

    async def _resolve(self, destination: Destination) -> list[str]:
        host = destination.host
        try:
            addresses = await self.resolve(host, destination.port)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise RetryableNodeError(
                    f"{_FIELD}: the name '{host}' could not be resolved just now", field=_FIELD
                ) from error
            addresses = []
        except UnicodeError:
            addresses = []
        if not addresses:
            raise NodeError(f"{_FIELD}: there is no host '{host}'; check its spelling", field=_FIELD)
        return addresses

    @staticmethod
    def _refuse(destination: Destination, kind: str) -> NodeError:
        return NodeError(
            f"{_FIELD}: '{destination.host}' leads to {kind} address, which workflows may not reach; "
            f"an operator can let it through by adding '{destination.spelled}' to HTTP_ALLOWED_HOSTS",
            field=_FIELD,
        )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Checks the destination of each request, then sends it to the address that was checked.

    The name stays in the Host header and in TLS (server name and certificate). ``inner`` must not keep
    connections: it would know them by address and reuse one for another name on the same address.
    """

    def __init__(self, guard: Guard, inner: httpx.AsyncBaseTransport) -> None:
        self._guard = guard
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; NodeError when its destination is refused."""
        destination = read_destination(request.url)
        addresses = await self._guard.find_addresses(destination)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_aim(request, destination, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_aim(request, destination, addresses[-1]))

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def _aim(request: httpx.Request, destination: Destination, address: str) -> httpx.Request:
    extensions = dict(request.extensions)
    if not destination.is_address:
        extensions["sni_hostname"] = destination.host
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith((".localhost", ".localdomain"))
