"""``python -m infra.local.model_server``: the offline model server as a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from infra.local.model_server.server import LOOPBACK, open_socket, serve_forever


def write_ready_file(target: Path, port: int) -> None:
    """Writes JSON with ``base_url``, ``data_url``, ``origin``, ``port`` and ``pid``, whole or not at all."""
    origin = f"http://{LOOPBACK}:{port}"
    ready = {
        "base_url": f"{origin}/v1",
        "data_url": f"{origin}/data",
        "origin": origin,
        "port": port,
        "pid": os.getpid(),
    }
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    draft.write_text(json.dumps(ready), encoding="utf-8")
    draft.replace(target)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        "model_server", description="The offline model server: all answers are synthetic."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1; 0 asks the system for a free one"
    )
    parser.add_argument(
        "--ready-file", type=Path, help="written once the server accepts connections: JSON with base_url"
    )
    parser.add_argument("--required-key", help="answer 401 unless this API key is given")
    parser.add_argument(
        "--stop-with-parent",
        type=int,
        metavar="PID",
        help="stop when PID, which started this process, has ended",
    )
    options = parser.parse_args(arguments)
    try:
        listener = open_socket(options.port)
    except OSError as error:
        print(
            f"port {options.port} on {LOOPBACK} cannot be opened ({error}); choose another with --port",
            file=sys.stderr,
        )
        return 1
    with listener:
        port = listener.getsockname()[1]
        if options.ready_file is not None:
            write_ready_file(options.ready_file, port)
        print(f"offline model server (all answers synthetic): http://{LOOPBACK}:{port}/v1", flush=True)
        serve_forever(listener, required_key=options.required_key, parent_pid=options.stop_with_parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
