"""One local AWS for these tests, and short ways to put a function or a state machine into it."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.local.aws import LocalAws

ROLE = "arn:aws:iam::000000000000:role/test"


def make_client(endpoint: str, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
    )


def zipped(**files: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        for name, source in files.items():
            package.writestr(f"{name}.py", source)
    return archive.getvalue()


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with LocalAws(time_scale=0.05) as server:
        yield server


@pytest.fixture(scope="session")
def client(aws: LocalAws) -> Iterator[Callable[[str], Any]]:
    made: dict[str, Any] = {}

    def get(service: str) -> Any:
        if service not in made:
            made[service] = make_client(aws.endpoint, service)
        return made[service]

    yield get
    for one in made.values():
        one.close()


@pytest.fixture
def function(client: Callable[[str], Any]) -> Callable[..., str]:
    """``function(source, **configuration)`` makes a function of ``app.handler`` and returns its ARN."""

    def create(source: str, **configuration: Any) -> str:
        made = client("lambda").create_function(
            FunctionName=f"f-{uuid.uuid4().hex[:8]}",
            Runtime="python3.11",
            Role=ROLE,
            Code={"ZipFile": zipped(app=source)},
            **{"Handler": "app.handler", "Timeout": 10, **configuration},
        )
        return str(made["FunctionArn"])

    return create


@pytest.fixture
def machine(client: Callable[[str], Any]) -> Callable[..., str]:
    """``machine(definition)`` makes a state machine and returns its ARN."""

    def create(definition: dict[str, Any], **more: Any) -> str:
        made = client("stepfunctions").create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE, **more
        )
        return str(made["stateMachineArn"])

    return create


@pytest.fixture
def execute(client: Callable[[str], Any], machine: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """``execute(definition or ARN, input)`` runs an execution to its end and describes it."""

    def run(what: dict[str, Any] | str, input: Any = None) -> dict[str, Any]:
        states = client("stepfunctions")
        arn = what if isinstance(what, str) else machine(what)
        started = states.start_execution(
            stateMachineArn=arn, name=uuid.uuid4().hex, input=json.dumps({} if input is None else input)
        )["executionArn"]

        def ended() -> Any:
            described = states.describe_execution(executionArn=started)
            return described if described["status"] != "RUNNING" else None

        described: dict[str, Any] = wait_for(ended)
        return described

    return run
