"""Running the application on loopback, in a thread of this process or as the process itself."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from infra.local.model_server.app import ModelApp, build_app
from infra.local.model_server.control import CallLedger

LOOPBACK = "127.0.0.1"
STOP_TIMEOUT_SECONDS = 10.0
GRACE_SECONDS = 1  # seconds that answers in progress have when the server stops


def open_socket(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 asks the system. Raises ``OSError`` when the port is taken."""
    # The protocol by name: where asyncio reads it, it sets TCP_NODELAY; else answers wait 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


class LoopbackServer(uvicorn.Server):
    """uvicorn for one ``ModelApp``: ends hanging answers when it stops, and can end with its parent."""

    def __init__(self, app: ModelApp, *, parent_pid: int | None = None) -> None:
        config = uvicorn.Config(
            app.asgi,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)
        self._app = app
        self._parent_pid = parent_pid

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's heartbeat, ten times a second; True ends the server."""
        if self._parent_pid is not None and os.getppid() != self._parent_pid:
            return True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends every wait of the fault markers, then closes the connections."""
        self._app.context.faults.stopping.set()
        await super().shutdown(sockets)


class ModelServer:
    """The offline model server in a thread of this process.

    ``with ModelServer() as server: OpenAI(base_url=server.base_url, api_key="any")``
    """

    def __init__(self, port: int = 0, *, required_key: str | None = None) -> None:
        self._app = build_app(required_key)
        self._port = port
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:PORT``, without a slash."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def base_url(self) -> str:
        """The address for OpenAI clients, ending in ``/v1``."""
        return f"{self.origin}/v1"

    @property
    def data_url(self) -> str:
        """The address of the data set, ending in ``/data``."""
        return f"{self.origin}/data"

    @property
    def ledger(self) -> CallLedger:
        """What was asked so far."""
        return self._app.context.ledger

    def start(self) -> Self:
        """Starts serving; returns when connections are accepted. Raises ``OSError`` for a taken port."""
        listener = open_socket(self._port)
        self._port = listener.getsockname()[1]
        self._server = LoopbackServer(self._app)
        self._thread = threading.Thread(
            target=self._serve, args=(self._server, listener), name="model-server", daemon=True
        )
        self._thread.start()
        # The socket is listening already: a client that connects before the loop runs waits its turn.
        return self

    def stop(self) -> None:
        """Stops serving; hanging answers are let go. Raises ``TimeoutError`` when the thread does not end."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT_SECONDS)
        if self._thread.is_alive():
            raise TimeoutError(
                f"the model server at {self.origin} did not stop in {STOP_TIMEOUT_SECONDS:g} s"
            )
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @staticmethod
    def _serve(server: LoopbackServer, listener: socket.socket) -> None:
        with listener:
            asyncio.run(server.serve(sockets=[listener]))


def serve_forever(listener: socket.socket, *, required_key: str | None, parent_pid: int | None) -> None:
    """Serves in this thread until SIGINT or SIGTERM, or until the parent process ``parent_pid`` has ended."""
    server = LoopbackServer(build_app(required_key), parent_pid=parent_pid)
    server.run(sockets=[listener])
