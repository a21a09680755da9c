"""Cold starts: what it costs to import each function's handler from its built package."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3

from infra.build.function_package import PACKAGES
from infra.build.pack import pack
from infra.cli.bench.measurement import Measurement
from infra.cli.console import print_error

GOAL_MILLISECONDS = 600  # processor time
REPEATS = 5  # the fastest counts: the others were disturbed
# What the runtime brings: boto3 and what it needs (infra.build.requirement_sets.IN_LAMBDA_RUNTIME).
RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "urllib3")
# A Python that sees the package and the runtime's own packages alone, as in Lambda.
_IMPORT = """
import importlib, json, os, sys, time
folder, runtime, handler = sys.argv[1:]
sys.path[:0] = [folder]
sys.path.append(runtime)
names = "WORKFLOWS_TABLE EXECUTIONS_TABLE CACHE_TABLE ACCESS_TABLE ARTIFACTS_BUCKET SECRETS_PREFIX".split()
os.environ.update(dict.fromkeys(names, "bench"), PUBLIC_URL="http://localhost", AWS_REGION="us-east-1",
                  POWERTOOLS_METRICS_NAMESPACE="bench", AWS_XRAY_SDK_ENABLED="false")
started, processor = time.perf_counter(), time.process_time()
importlib.import_module(handler)
print(json.dumps([time.process_time() - processor, time.perf_counter() - started]))
"""
# What the API stands on, imported as the API imports it: no code of ours makes it faster than these alone.
_LIBRARIES = """
from functions.cold_start import build_models_when_used, without_collection, without_pydantic_1
without_pydantic_1()
with without_collection():
    build_models_when_used()
    import boto3.session, fastapi, mangum
    from aws_lambda_powertools import Logger, Metrics, Tracer
    Logger(), Metrics(), Tracer()
"""


def measure_imports() -> list[Measurement]:
    """Milliseconds of processor time, for packages built for this machine."""
    found = []
    with tempfile.TemporaryDirectory(prefix="mini-n8n-bench-") as name:
        folder = Path(name)
        runtime = _link_runtime(folder / "runtime")
        for logical_id, package in PACKAGES.items():
            print_error(f"building {logical_id} ...")
            target = folder / logical_id
            pack(package, target, "host", [])
            taken = _import_milliseconds(target, runtime, f"functions.{package.handler}.handler")
            found.append(Measurement("import", logical_id, taken, "ms of processor", GOAL_MILLISECONDS))
        api = folder / "ApiFunction"
        (api / "libraries.py").write_text(_LIBRARIES)
        taken = _import_milliseconds(api, runtime, "libraries")
        found.append(Measurement("import", "libraries of ApiFunction alone", taken, "ms of processor"))
    return found


def _import_milliseconds(target: Path, runtime: Path, module: str) -> float:
    times = [_import_once(target, runtime, module) for _ in range(REPEATS)]
    return round(min(processor for processor, _ in times) * 1000, 1)


def _import_once(target: Path, runtime: Path, handler: str) -> tuple[float, float]:
    command = [sys.executable, "-ISc", _IMPORT, str(target), str(runtime), handler]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    processor, wall = json.loads(done.stdout.splitlines()[-1])
    return processor, wall


def _link_runtime(folder: Path) -> Path:
    """A folder with the packages that every Python function finds in Lambda, and no others."""
    folder.mkdir()
    installed = Path(boto3.__file__).parents[1]
    for name in RUNTIME_MODULES:
        (folder / name).symlink_to(installed / name)
    return folder
