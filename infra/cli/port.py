"""Ports, looked at before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from infra.cli.failure import usage_error

LOOPBACK = "127.0.0.1"
# How many ports after a taken one are tried for the advice.
TRIED_PORTS = 100


def check_ports(wanted: Mapping[str, int]) -> None:
    """Ports by option name; CommandError for one that is taken, with one that is free. 0 is always free."""
    seen: dict[int, str] = {}
    for option, port in wanted.items():
        if port == 0:
            continue
        if port in seen:
            raise usage_error(f"{seen[port]} and {option} are both {port}; give each a port of its own.")
        seen[port] = option
        if not _is_free(port):
            raise usage_error(
                f"port {port} is taken by another program; choose another: "
                f"mini-n8n up {option} {_next_free(port, wanted)}"
            )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _next_free(port: int, wanted: Mapping[str, int]) -> int:
    """A free port above; 0, which takes any, where there is none nearby."""
    candidates = range(port + 1, min(port + TRIED_PORTS, 65_535))
    return next((number for number in candidates if number not in wanted.values() and _is_free(number)), 0)
