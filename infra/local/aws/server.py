"""One process: the services, the front door, the workers and the state saver, from start to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.aws.lambda_pool.pool import LambdaPool
from infra.local.aws.options import ServerOptions

_HOST = "127.0.0.1"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_LAST_ANSWERS_SECONDS = 5.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONHASHSEED", "SSL_CERT_FILE")


class PortTakenError(RuntimeError):
    """Another process listens on the port; the message says how to choose another."""


@dataclass(frozen=True)
class _Addresses:
    endpoint: str
    api: str | None


def serve(options: ServerOptions) -> None:
    """Serve until SIGTERM or SIGINT (or until the parent is gone, if asked). Raises PortTakenError."""
    sockets = [_listen(options.port, "--port")]
    if options.api_port is not None:
        sockets.append(_listen(options.api_port, "--api-port"))
    ports = [one.getsockname()[1] for one in sockets]
    addresses = _Addresses(
        f"http://{_HOST}:{ports[0]}", f"http://{_HOST}:{ports[1]}" if len(ports) > 1 else None
    )
    with _folder(options) as folder:
        _configure(options, folder, ports[0])
        pool = LambdaPool(_worker_environment(addresses.endpoint), folder / "logs")
        try:
            _patch(options, folder, addresses.endpoint, pool)
            asyncio.run(_serve(options, sockets, addresses))
        finally:
            pool.close()


def _listen(port: int, option: str) -> socket.socket:
    # The protocol by name: where asyncio reads it, it sets TCP_NODELAY; else answers wait 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"{_HOST}:{port} cannot be used ({error.strerror}); choose another with {option} "
            f"({option} 0 takes any free port)"
        ) from error
    listener.listen(512)
    return listener


@contextmanager
def _folder(options: ServerOptions) -> Iterator[Path]:
    """Give the folder of state, code and logs; a temporary one when no state is kept."""
    if options.state_dir is not None:
        options.state_dir.mkdir(parents=True, exist_ok=True)
        yield options.state_dir.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="local-aws-state-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _configure(options: ServerOptions, folder: Path, port: int) -> None:
    """Set what MiniStack reads from the environment when it is imported."""
    from infra.local.asl.patches import apply_interpreter_patches

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        BIND_HOST=_HOST,
        DOCKER_HOST=f"unix://{folder}/no-docker.sock",  # no daemon is ever looked for
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        LAMBDA_ACCOUNT_CONCURRENCY="0",  # the pool bounds and queues; here no caller is turned away
        LAMBDA_ASYNC_RETRY_BASE_SECONDS=str(options.time_scale),
        MINISTACK_HOST="localhost",
        S3_DATA_DIR=str(folder / "s3"),
        SFTP_ENABLED="0",
        STATE_DIR=str(folder / "services"),
        **_CREDENTIALS,
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    if options.state_dir is not None:
        os.environ.update(PERSIST_STATE="1", S3_PERSIST="1")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    apply_interpreter_patches()


def _worker_environment(endpoint: str) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    no_daemon = {"AWS_XRAY_SDK_ENABLED": "false"}  # there is no X-Ray daemon to send segments to
    return {**passed_on, **_CREDENTIALS, **no_daemon, "AWS_ENDPOINT_URL": endpoint}


def _patch(options: ServerOptions, folder: Path, endpoint: str, pool: LambdaPool) -> None:
    from infra.local.aws.lambda_pool.code_store import CodeStore
    from infra.local.aws.patches import server_patches

    for patch in server_patches(options, endpoint, pool, CodeStore(folder / "code")):
        patch.apply()


async def _serve(options: ServerOptions, sockets: list[socket.socket], addresses: _Addresses) -> None:
    """Serve the services; once they have restored their state, the front door, and then the saver starts.

    Before that, a request to the front door waits in its socket, and a save would put what is not restored
    yet in the place of what was kept.
    """
    from ministack.app import app

    from infra.local.aws.asgi_server import serve_until
    from infra.local.aws.expired_items import ExpiredItems
    from infra.local.aws.front_door import FrontDoor
    from infra.local.aws.saved_state import StateSaver

    stop = asyncio.Event()
    _stop_when_told(stop, options)
    saver = StateSaver() if options.state_dir is not None else None
    watch = saver.watch if saver is not None else lambda application: application

    async def stopped() -> None:
        await stop.wait()
        if saver is not None:  # before the services save their state for the last time
            await asyncio.to_thread(saver.stop)

    async def open_door() -> None:
        await _wait_until_answering(addresses)
        ExpiredItems(options.time_scale).start()
        if saver is not None and not stop.is_set():
            saver.start()
        await asyncio.gather(
            _announce(options, addresses),
            *(serve_until(watch(FrontDoor()), listener, stopped) for listener in sockets[1:]),
        )

    door = asyncio.create_task(open_door())
    try:
        await serve_until(watch(app), sockets[0], stopped)
        await asyncio.wait({door}, timeout=_LAST_ANSWERS_SECONDS)
    finally:
        door.cancel()


def _stop_when_told(stop: asyncio.Event, options: ServerOptions) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not options.ends_with_parent:
        return

    def wait_for_parent() -> None:
        # Not sys.stdin: its lock, held here, would be waited for when the interpreter ends.
        while os.read(0, 1):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_parent, daemon=True, name="parent-watch").start()


async def _announce(options: ServerOptions, addresses: _Addresses) -> None:
    """Say that the services answer: the addresses as one line of JSON."""
    from infra.local.aws.interrupted import report_interrupted_executions

    await asyncio.to_thread(report_interrupted_executions)
    line = json.dumps({"endpoint": addresses.endpoint, "api": addresses.api, "pid": os.getpid()})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    if options.ready_file is not None:
        partial = options.ready_file.with_suffix(".partial")
        partial.write_text(line)
        partial.rename(options.ready_file)


async def _wait_until_answering(addresses: _Addresses) -> None:
    port = int(addresses.endpoint.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection(_HOST, port)
    writer.write(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    await reader.readline()  # accepted only after the services have restored their state
    writer.close()
