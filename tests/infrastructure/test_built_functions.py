"""Each built function answers its event, under AWS's own runtime client and AWS's own runtime emulator.

That is what `sam local invoke` does in a container, here without one: the process sees the built folder
and what the Lambda runtime has, no other package.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.execution import ExecutionStatus, NodeStatus
from engine.settings import read_settings
from functions.bootstrap import Root
from infra.events.seed import read_event, seed
from infra.local.deployment import local_client
from infra.local.stack import LocalStack, StackOptions

# What the image of Lambda's python3.11 holds besides Python: its runtime client and the SDK.
IN_THE_RUNTIME = (
    "awslambdaric", "simplejson", "snapshot-restore-py",
    "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3",
)  # fmt: skip
START_SECONDS = 15.0
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
EXECUTOR = "functions.node_executor.handler.handler"
# Event -> the function that it is for, and its handler.
EVENTS = {
    "api_health": ("ApiFunction", "functions.api.handler.handler"),
    "core_task": ("CoreFunction", EXECUTOR),
    "http_task": ("HttpFunction", EXECUTOR),
    "ai_task": ("AiFunction", EXECUTOR),
    "custom_task": ("CustomFunction", EXECUTOR),
    "execution_events": ("ExecutionEventsFunction", "functions.execution_events.handler.handler"),
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the Lambda runtime has."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in IN_THE_RUNTIME:
        files = importlib.metadata.distribution(name).files or []
        tops = {file.parts[0] for file in files if not file.parts[0].startswith(("..", "__pycache__"))}
        for top in tops:
            source = Path(str(importlib.metadata.distribution(name).locate_file(top)))
            (folder / top).symlink_to(source)
    return folder


@pytest.fixture(scope="module")
def emulator(sam_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime interface emulator that the wheel of aws-sam-cli carries."""
    machine = "arm64" if os.uname().machine == "aarch64" else "x86_64"
    (found,) = sam_environment.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}")
    copied = tmp_path_factory.mktemp("emulator") / "aws-lambda-rie"
    shutil.copy(found, copied)
    copied.chmod(0o755)
    return copied


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """The template, deployed to the local AWS: the functions stand on its tables, bucket and secrets."""
    with LocalStack(StackOptions()) as running:
        yield running


@pytest.fixture(scope="module")
def root(stack: LocalStack) -> Iterator[Root]:
    """The stores of the deployed stack, with the execution that the events are about."""
    assert stack.data_url is not None
    with pytest.MonkeyPatch.context() as patched:
        for name, value in CREDENTIALS.items():
            patched.setenv(name, value)
        seed(stack.endpoint, {"address": f"{stack.data_url}/companies"})
        given = read_event("environment")["Parameters"]
        settings = read_settings({"SECRETS_PREFIX": "mini-n8n/local", **given})
        yield Root(settings, AwsClients(settings.region, stack.endpoint))


def deployed_variables(stack: LocalStack, logical_id: str) -> dict[str, str]:
    name = stack.deployment.outputs[f"{logical_id}Name"]
    function = local_client(stack.endpoint, "lambda").get_function_configuration(FunctionName=name)
    variables: dict[str, str] = function["Environment"]["Variables"]
    return variables


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def emulated(
    emulator: Path, folder: Path, runtime: Path, handler: str, variables: dict[str, str]
) -> Iterator[str]:
    """A Lambda function of this folder; its address. It takes one request at a time: two at once end it."""
    port, runtime_port = free_port(), free_port()
    # The Python beneath the virtual environment, which has none of its packages.
    python = f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    environment = {
        **variables,
        **CREDENTIALS,
        "PATH": os.environ["PATH"],
        # The function's own packages go before the runtime's, and nothing else is to be found (-S).
        "PYTHONPATH": f"{folder}:{runtime}",
        "AWS_REGION": "us-east-1",
        "AWS_SAM_LOCAL": "true",
        "AWS_LAMBDA_FUNCTION_NAME": folder.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
        "LAMBDA_TASK_ROOT": str(folder),
    }
    command = [
        str(emulator),
        f"--runtime-interface-emulator-address=127.0.0.1:{port}",
        f"--runtime-api-address=127.0.0.1:{runtime_port}",
        "--log-level=error",
        *(python, "-S", "-m", "awslambdaric", handler),
    ]
    process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def invoke(address: str, event: dict[str, Any]) -> Any:
    request = urllib.request.Request(address, data=json.dumps(event).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def answers(built: Path, runtime: Path, emulator: Path, stack: LocalStack, root: Root) -> dict[str, Any]:
    """What each built function answers to its event, twice over, in the order of EVENTS."""
    found: dict[str, Any] = {}
    for event, (logical_id, handler) in EVENTS.items():
        variables = deployed_variables(stack, logical_id) | {"AWS_ENDPOINT_URL": stack.endpoint}
        sent = read_event(event)
        if event == "execution_events":
            # An execution that ended when the event was written would be kept no longer.
            sent["detail"]["stopDate"] = round(time.time() * 1000)
        with emulated(emulator, built / logical_id, runtime, handler, variables) as address:
            found[event] = [invoke(address, sent) for _ in range(2)]
    return found


def test_the_api_answers_through_api_gateways_event(answers: dict[str, Any]) -> None:
    for answer in answers["api_health"]:
        assert answer["statusCode"] == 200, answer
        assert json.loads(answer["body"])["status"] == "ok"


@pytest.mark.parametrize("event", ["core_task", "http_task", "ai_task", "custom_task"])
def test_an_executor_runs_the_node_and_repeats_its_answer(answers: dict[str, Any], event: str) -> None:
    first, second = answers[event]
    assert "errorType" not in first, first
    assert (first["output_name"], second) == ("main", first)


def test_the_node_runs_are_recorded_once_and_the_execution_ends_with_their_output(
    answers: dict[str, Any], root: Root
) -> None:
    assert answers["execution_events"] == [{"finished": True}, {"finished": False}]
    execution_id = read_event("core_task")["execution_id"]
    runs = root.executions.list_node_runs(execution_id).items
    nodes = ("topic", "page", "draft", "post")
    recorded = {run.node_id: (run.status, run.attempts) for run in runs}
    assert recorded == dict.fromkeys(nodes, (NodeStatus.SUCCEEDED, 1))
    execution = root.executions.get(execution_id)
    assert (execution.status, execution.output) == (ExecutionStatus.SUCCEEDED, {"post": "AI in Healthcare"})


def test_the_environment_of_sam_local_fits_what_is_deployed(stack: LocalStack) -> None:
    given = read_event("environment")
    # The ports, and what CloudFormation calls a role, differ from one stack to the next.
    free = {"AWS_ENDPOINT_URL", "PUBLIC_URL", "STATE_MACHINE_ROLE_ARN", "SCHEDULER_ROLE_ARN"}
    for logical_id, _ in EVENTS.values():
        deployed = deployed_variables(stack, logical_id)
        wanted = {**given["Parameters"], **given.get(logical_id, {})}
        assert {name: deployed[name] for name in wanted.keys() - free} == {
            name: wanted[name] for name in wanted.keys() - free
        }
