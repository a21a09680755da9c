from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from functions.tracing import is_sampled
from tests.unit.adapters.scripted_service import ScriptedService

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8"
# One invocation after another in one process, as in Lambda; prints the answer and whether X-Ray was loaded.
INVOKE = """
import json, os, sys
import boto3
from functions.tracing import traced

@traced
def handler(event, context):
    return {"tables": boto3.client("dynamodb", endpoint_url=event["endpoint"]).list_tables()["TableNames"]}

for number, trace in enumerate(sys.argv[2:], 1):
    os.environ["_X_AMZN_TRACE_ID"] = trace.replace("Root=1-5759e98", f"Root=1-5759e9{number}")
    answer = handler({"endpoint": sys.argv[1]}, None)
    print(json.dumps([answer, "aws_xray_sdk.core" in sys.modules]))
"""


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    scripted = ScriptedService()
    scripted.answers = [(200, {"TableNames": ["one"]})]
    yield scripted
    scripted.close()


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    """What listens where X-Ray's daemon would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        yield listening


def invoke(daemon: socket.socket, service: ScriptedService, *traces: str, **more: str) -> list[Any]:
    environment = {
        **os.environ,
        "LAMBDA_TASK_ROOT": os.getcwd(),
        "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        **more,
    }
    command = [sys.executable, "-c", INVOKE, service.url, *traces]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def received(daemon: socket.socket) -> list[tuple[str, Any]]:
    """(name, whether it was a cold start) of each subsegment that arrived, in order."""
    found = []
    while True:
        try:
            segment = json.loads(daemon.recv(65_536).split(b"\n", 1)[1])
        except BlockingIOError:
            return found
        found.append((segment["name"], segment.get("annotations", {}).get("ColdStart")))


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"{TRACE};Sampled=1", True),
        (f"{TRACE};Sampled=1;Lineage=1:a87bd80c:1", True),
        (f"{TRACE};Sampled=0", False),
        (TRACE, False),
        ("", False),
        (None, False),
    ],
)
def test_the_header_says_whether_the_trace_is_kept(header: str | None, sampled: bool) -> None:
    assert is_sampled(header) is sampled


def test_a_sampled_invocation_is_recorded_with_its_calls(
    daemon: socket.socket, service: ScriptedService
) -> None:
    sampled = f"{TRACE};Sampled=1"
    assert invoke(daemon, service, sampled, sampled) == [[{"tables": ["one"]}, True]] * 2
    assert received(daemon) == [
        ("dynamodb", None), ("## handler", True), ("dynamodb", None), ("## handler", False),
    ]  # fmt: skip


def test_an_invocation_that_is_not_sampled_neither_records_nor_loads_anything(
    daemon: socket.socket, service: ScriptedService
) -> None:
    answers = invoke(daemon, service, f"{TRACE};Sampled=0", f"{TRACE};Sampled=1", f"{TRACE};Sampled=0")
    assert [loaded for _, loaded in answers] == [False, True, True]
    # The first that is recorded is no cold start, where it was not the first invocation of the process.
    assert received(daemon) == [("dynamodb", None), ("## handler", False)]


def test_nothing_is_recorded_where_the_sdk_is_switched_off(
    daemon: socket.socket, service: ScriptedService
) -> None:
    answers = invoke(daemon, service, f"{TRACE};Sampled=1", AWS_XRAY_SDK_ENABLED="false")
    assert answers == [[{"tables": ["one"]}, False]]
    assert received(daemon) == []
