"""Cold starts: what it costs to import each function's handler from its built package, and a first answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3

from infra.build.function_package import PACKAGES
from infra.build.pack import pack
from infra.cli.bench.empty_aws import KEY, empty_aws
from infra.cli.bench.measurement import Measurement
from infra.cli.console import print_error

GOAL_MILLISECONDS = 600  # processor time
REPEATS = 5  # the fastest counts: the others were disturbed
# What the runtime brings: boto3 and what it needs (infra.build.requirement_sets.IN_LAMBDA_RUNTIME).
RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "urllib3")
_TABLES = ("WORKFLOWS_TABLE", "EXECUTIONS_TABLE", "CACHE_TABLE", "ACCESS_TABLE")
_ENVIRONMENT = {
    **dict.fromkeys((*_TABLES, "ARTIFACTS_BUCKET", "SECRETS_PREFIX", "API_KEY_SECRET"), "bench"),
    "PUBLIC_URL": "http://localhost",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_XRAY_SDK_ENABLED": "false",
    "NO_PROXY": "*",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_METRICS_DISABLED": "true",
}
# A Python that sees the package and the runtime's own packages alone, as in Lambda.
_IMPORT = """
import importlib, json, sys, time
folder, runtime, handler = sys.argv[1:]
sys.path[:0] = [folder]
sys.path.append(runtime)
started = time.process_time()
module = importlib.import_module(handler)
"""
_PRINT = """
print(json.dumps(time.process_time() - started))
"""
# What most requests do: who asks is looked up, counted, and given what there is.
_FIRST_ANSWER = f"""
from types import SimpleNamespace
http = {{"method": "GET", "path": "/api/v1/workflows/", "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}}
event = {{"version": "2.0", "rawPath": http["path"], "rawQueryString": "", "isBase64Encoded": False,
          "headers": {{"x-api-key": "{KEY}"}}, "requestContext": {{"http": http, "stage": "$default"}}}}
context = SimpleNamespace(function_name="bench", memory_limit_in_mb=1, aws_request_id="bench",
                          invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:bench")
answer = module.handler(event, context)
assert answer["statusCode"] == 200, answer
"""
# What the API stands on, imported as the API imports it, with the one client that each request needs: no code
# of ours makes it faster than these alone.
_LIBRARIES = """
from functions.cold_start import build_models_when_used, without_collection, without_pydantic_1
without_pydantic_1()
with without_collection():
    build_models_when_used()
    import fastapi, mangum
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.tracing import Tracer
    Logger(), Metrics()
    from engine.adapters.aws_clients import AwsClients
    AwsClients("us-east-1").dynamodb
"""


def measure_imports() -> list[Measurement]:
    """Milliseconds of processor time, for packages built for this machine."""
    found: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="mini-n8n-bench-") as name, empty_aws() as address:
        folder, environment = Path(name), {**_ENVIRONMENT, "AWS_ENDPOINT_URL": address}
        runtime = _link_runtime(folder / "runtime")

        def measure(label: str, code: str, package: Path, module: str, goal: float | None = None) -> None:
            command = [sys.executable, "-ISc", code + _PRINT, str(package), str(runtime), module]
            fastest = min(_run(command, environment) for _ in range(REPEATS))
            found.append(Measurement("import", label, round(fastest * 1000, 1), "ms of processor", goal))

        for logical_id, package in PACKAGES.items():
            print_error(f"building {logical_id} ...")
            target = folder / logical_id
            pack(package, target, "host", [])
            measure(logical_id, _IMPORT, target, f"functions.{package.handler}.handler", GOAL_MILLISECONDS)
        api = folder / "ApiFunction"
        measure("ApiFunction and its first answer", _IMPORT + _FIRST_ANSWER, api, "functions.api.handler")
        (api / "libraries.py").write_text(_LIBRARIES)
        measure("libraries of ApiFunction alone", _IMPORT, api, "libraries")
    return found


def _run(command: list[str], environment: dict[str, str]) -> float:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    seconds: float = json.loads(done.stdout.splitlines()[-1])
    return seconds


def _link_runtime(folder: Path) -> Path:
    """A folder with the packages that every Python function finds in Lambda, and no others."""
    folder.mkdir()
    installed = Path(boto3.__file__).parents[1]
    for name in RUNTIME_MODULES:
        (folder / name).symlink_to(installed / name)
    return folder
