from __future__ import annotations

import socket

import pytest

from infra.cli.failure import CommandError
from infra.cli.port import check_ports


def test_a_taken_port_names_a_way_out_that_works() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            check_ports({"--aws-port": 0, "--port": port})
        said, _, advice = str(refused.value).partition("mini-n8n up --port ")
        assert said == f"port {port} is taken by another program; choose another: "
        assert refused.value.exit_code == 2
        check_ports({"--port": int(advice)})
    check_ports({"--port": port})


def test_one_port_cannot_serve_two() -> None:
    with pytest.raises(CommandError, match="--port and --aws-port are both 1"):
        check_ports({"--port": 1, "--aws-port": 1})


def test_any_free_port_can_be_asked_for_twice() -> None:
    check_ports({"--port": 0, "--aws-port": 0})
