"""Put a function's package together: its requirement set, and of this repository what the function imports.

`python -m infra.build.pack ApiFunction FOLDER`, as the Makefile calls it for `sam build`.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.build.byte_code import compile_folder
from infra.build.environment import REQUIREMENTS, ROOT, UV_OPTIONS
from infra.build.function_package import MEGABYTE, PACKAGES, FunctionPackage, template_files

# Lambda's python3.11 runs on Amazon Linux 2, glibc 2.26, which takes wheels of manylinux2014 (glibc 2.17):
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
RUNTIME_VERSION = (3, 11)
# Of a distribution's metadata, what importlib.metadata answers with, and the licences.
KEPT_METADATA = ("METADATA", "entry_points.txt", "licenses", "LICENSE*", "NOTICE*", "COPYING*")
# Of powertools, functions log, measure and trace; FastAPI answers, and engine and nodes do the rest.
UNUSED_POWERTOOLS = (
    *("auth_alpha", "batch", "circuit_breaker", "data_classes", "data_masking", "feature_flags"),
    *("idempotency", "kafka", "parser", "streaming", "validation"),
)
# Of X-Ray's SDK, functions patch the AWS SDK and httpx (functions/tracing.py).
UNUSED_XRAY = (
    *(
        "aiobotocore",
        "aiohttp",
        "bottle",
        "dbapi2.py",
        "django",
        "flask",
        "flask_sqlalchemy",
        "httplib",
        "mysql",
    ),
    *("pg8000", "psycopg", "psycopg2", "pymongo", "pymysql", "pynamodb", "requests", "sqlalchemy"),
    *("sqlalchemy_core", "sqlite3"),
)
# What no function needs; with it, the API function would pass its bound.
PRUNED = (
    *("bin", ".lock"),  # console scripts, the installer's lock
    *("*/tests", "*/benchmarks", "*-stubs", "**/*.pyi", "wrapt/*.c"),
    # Plugins of type checkers and test frameworks.
    *("pydantic/mypy.py", "anyio/pytest_plugin.py", "starlette/testclient.py", "fastapi/testclient.py"),
    "aws_lambda_powertools/event_handler",
    *(f"aws_lambda_powertools/utilities/{name}" for name in UNUSED_POWERTOOLS),
    *(f"aws_xray_sdk/ext/{name}" for name in UNUSED_XRAY),
    "anyio/_backends/_trio.py",  # asyncio runs everything here
    "engine/adapters/memory",  # stores that forget: for tests, and for engines without AWS
    # FastAPI asks of each annotation whether it is of this, and does without where it is missing. It costs
    # 1.3 MB, and its import at every cold start of the API function.
    "pydantic/v1",
    *(
        "openai/resources/admin",
        "openai/types/admin",
    ),  # administration of accounts; loaded by client.admin alone
    "fastapi_offline/static/redoc*",  # the other page of the package that carries Swagger UI
)
# What the API serves compressed anyway (functions/api/docs_page.py): each becomes a file with .gz at its end.
COMPRESSED = ("fastapi_offline/static/swagger-ui*",)
# Parts of the openai SDK that no node uses stay as source: with their byte code the AI function would pass
# its bound. What is imported after all still works, only slower; the tests of the packages name it.
NOT_COMPILED = re.compile(
    r"/openai/(resources|lib)/(beta|evals|fine_tuning|live|realtime|responses|vector_stores)/"
    r"|/openai/types/(beta|evals|fine_tuning|live|realtime|vector_stores)/"
)


class PackError(Exception):
    """A package cannot be made, or came out larger than its bound."""


def pack(package: FunctionPackage, target: Path, architecture: str, custom_nodes: list[Path]) -> int:
    """Fill the empty folder `target` and return its size in bytes.

    `architecture` is arm64, x86_64, or host: the machine and the Python that this runs on, for tests.
    `custom_nodes` are folders of node packages. Raises PackError, and CalledProcessError from the installer.
    """
    target.mkdir(parents=True, exist_ok=True)
    install = [sys.executable, "-m", "uv", *UV_OPTIONS, "pip", "install", "--quiet", "--no-deps"]
    install += [
        "--no-compile-bytecode",
        "--link-mode=copy",
        "--target",
        str(target),
        *_platform(architecture),
    ]
    requirements = str(REQUIREMENTS / f"{package.requirements}.txt")
    subprocess.run([*install, "--only-binary=:all:", "--require-hashes", "-r", requirements], check=True)
    if package.takes_custom_nodes and custom_nodes:
        subprocess.run([*install, "--no-build-isolation", *map(str, custom_nodes)], check=True)
    _copy_sources(package, target)
    _prune(target)
    _compress(target)
    _compile(target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if size > package.max_bytes:
        message = f"{size / MEGABYTE:.1f} MB unzipped, more than {package.max_bytes / MEGABYTE:.0f} MB; "
        raise PackError(message + f"see what grew in infra/requirements/{package.requirements}.txt")
    return size


def _platform(architecture: str) -> list[str]:
    if architecture == "host":
        return ["--python", sys.executable]
    if architecture not in PLATFORMS:
        raise PackError(f"ARCHITECTURE is {architecture!r}; it can be {', '.join(PLATFORMS)} or host")
    if sys.version_info[:2] != RUNTIME_VERSION:
        # Byte code of another Python would be ignored in Lambda, and cold starts would take twice as long.
        raise PackError("packages for Lambda are made by its own Python, 3.11: make .venv with python3.11")
    version = ".".join(map(str, RUNTIME_VERSION))
    return ["--python-platform", PLATFORMS[architecture], "--python-version", version]


def _copy_sources(package: FunctionPackage, target: Path) -> None:
    leave = shutil.ignore_patterns("__pycache__")
    for folder in ("engine", "nodes", f"functions/{package.handler}"):
        shutil.copytree(ROOT / folder, target / folder, ignore=leave)
    if package.takes_templates:
        for path in template_files(ROOT):
            (target / path).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(ROOT / path, target / path)
    for module in (ROOT / "functions").glob("*.py"):
        shutil.copy(module, target / "functions")
    # The project's own version and entry points, which importlib.metadata finds beside it.
    project = importlib.metadata.distribution("mini-n8n")
    metadata = target / f"mini_n8n-{project.version}.dist-info"
    metadata.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        (metadata / name).write_text(project.read_text(name) or "", encoding="utf-8")


def _prune(target: Path) -> None:
    for pattern in PRUNED:
        for path in list(target.glob(pattern)):
            _remove(path)
    for metadata in target.glob("*.dist-info"):
        for file in list(metadata.iterdir()):
            if not any(map(file.match, KEPT_METADATA)):
                _remove(file)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _compress(target: Path) -> None:
    for pattern in COMPRESSED:
        for path in list(target.glob(pattern)):
            # Without a time, so that the same file gives the same package.
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            path.unlink()


def _compile(target: Path) -> None:
    try:
        compile_folder(target, leave=NOT_COMPILED)
    except py_compile.PyCompileError as error:
        raise PackError(f"a module does not compile: {error}") from error


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Pack the function of a logical id into a folder; ARCHITECTURE and CUSTOM_NODES come from `environ`."""
    logical_id, folder = arguments
    architecture = environ.get("ARCHITECTURE") or "arm64"
    custom_nodes = [ROOT / path for path in environ.get("CUSTOM_NODES", "").split()]
    try:
        size = pack(PACKAGES[logical_id], Path(folder).resolve(), architecture, custom_nodes)
    except PackError as error:
        print(f"{logical_id}: {error}", file=sys.stderr)
        return 1
    limit = PACKAGES[logical_id].max_bytes / MEGABYTE
    print(f"{logical_id}: {size / MEGABYTE:.1f} MB unzipped for {architecture} (bound: {limit:.0f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
