"""The HTTP server of the local AWS: uvicorn with httptools, which parses in C.

A node run makes some four requests, and the server's own share of each is most of what the local AWS adds
to it: hypercorn, which MiniStack brings, takes three times as long for it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 1  # that answers in progress have when the server stops


class _Server(uvicorn.Server):
    """uvicorn, told to stop by who serves and not by signals: two of them share the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve_until(
    application: Any, listener: socket.socket, stopped: Callable[[], Awaitable[None]]
) -> None:
    """Serve on a listening socket until ``stopped`` returns, with the application's start and end around."""
    server = _Server(
        uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            # Services name themselves, and the application writes the date.
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )

    async def stop() -> None:
        await stopped()
        server.should_exit = True

    stopping = asyncio.create_task(stop())
    try:
        await server.serve(sockets=[listener])
    finally:
        stopping.cancel()
