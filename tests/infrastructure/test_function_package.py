from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import fastapi_offline
import pytest

from engine.adapters.template_folder import TemplateFolder
from infra.build.environment import ROOT
from infra.build.function_package import PACKAGES, template_files
from infra.build.requirement_sets import IN_LAMBDA_RUNTIME

# The API's handler reads its environment when it is imported: what it is made of stands for it.
HANDLERS = {
    "ApiFunction": ["functions.api.app", "functions.api.composition", "functions.bootstrap", "mangum"]
}
# What a function imports later than its handler: with the first node, request or trace that needs it.
FOR_A_TRACE = ["functions.tracing", "aws_xray_sdk.core", "aws_xray_sdk.ext.botocore"]
IMPORTED_LATER = {
    "ApiFunction": ["engine.service", "fastapi.openapi.docs", "functions.api.docs_page"],
    "HttpFunction": ["httpx", "nodes.http_node", "aws_xray_sdk.ext.httpx"],
    "CustomFunction": ["httpx", "aws_xray_sdk.ext.httpx"],
    "FlowFunction": [
        "httpx", "aws_xray_sdk.ext.httpx", "engine.service", "engine.service.children",
        "nodes.workflow_node", "nodes.approval_node", "nodes.json_post", "engine.service.approvals",
    ],
    "ExecutionEventsFunction": ["engine.service", "engine.service.aftermath"],
    "AiFunction": [
        "aws_xray_sdk.ext.httpx",
        "nodes.llm_node", "nodes.image_node", "nodes.video_node",
        "openai.resources.chat.completions", "openai.resources.images", "openai.resources.videos",
    ],
}  # fmt: skip
# Imports in a Python that sees the package and the runtime's own packages alone, as in Lambda, and then tells
# which of the package's modules came without byte code.
IMPORT = """
import importlib, json, os, sys
folder, runtime, *names = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path[:0] = [folder]
sys.path.append(runtime)
for name in names:
    importlib.import_module(name)
files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
packed = [name for name, file in files.items() if file.startswith(folder) and file.endswith(".py")]
print(json.dumps([name for name in packed if not os.path.exists(sys.modules[name].__cached__)]))
"""
EVERY_FUNCTION = pytest.mark.parametrize("logical_id", PACKAGES)


@pytest.fixture(scope="session")
def lambda_runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that every Python function finds in Lambda, and no others."""
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(pytest.__file__).parents[1]
    for module in ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "urllib3"):
        (folder / module).symlink_to(installed / module)
    return folder


@EVERY_FUNCTION
def test_a_package_stays_within_its_bound(built: Path, logical_id: str) -> None:
    size = sum(file.stat().st_size for file in (built / logical_id).rglob("*") if file.is_file())
    print(f"{logical_id}: {size / 1e6:.1f} MB")
    assert 0 < size <= PACKAGES[logical_id].max_bytes


@EVERY_FUNCTION
def test_a_package_holds_one_handler_and_nothing_of_the_runtime(built: Path, logical_id: str) -> None:
    handlers = {path.name for path in (built / logical_id / "functions").iterdir() if path.is_dir()}
    assert handlers - {"__pycache__"} == {PACKAGES[logical_id].handler}
    names = {path.name for path in (built / logical_id).iterdir()}
    assert names & {*IN_LAMBDA_RUNTIME, "infra", "tests", "bin", ".lock"} == set()


@EVERY_FUNCTION
def test_only_the_api_carries_the_templates_and_finds_them(built: Path, logical_id: str) -> None:
    packed = {
        path.relative_to(built / logical_id) for path in (built / logical_id).glob("examples/**/*.json")
    }
    assert packed == (set(template_files(ROOT)) if logical_id == "ApiFunction" else set())
    if packed:
        names = [
            template.name for template in TemplateFolder(built / logical_id / "examples").list_templates()
        ]
        assert len(names) * 2 == len(packed)


@EVERY_FUNCTION
def test_what_a_function_imports_is_packed_and_compiled(
    built: Path, lambda_runtime: Path, logical_id: str
) -> None:
    handler = HANDLERS.get(logical_id, [f"functions.{PACKAGES[logical_id].handler}.handler"])
    names = [*handler, *FOR_A_TRACE, *IMPORTED_LATER.get(logical_id, [])]
    command = [sys.executable, "-ISc", IMPORT, str(built / logical_id), str(lambda_runtime), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_assets_of_the_documentation_are_packed_compressed(built: Path) -> None:
    command = [
        sys.executable, "-ISc",
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from functions.api.docs_page import MEDIA_TYPES, read_asset\n"
        "import gzip, json; print(json.dumps({n: len(gzip.decompress(read_asset(n))) for n in MEDIA_TYPES}))",
        str(built / "ApiFunction"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    published = Path(fastapi_offline.__file__).parent / "static"
    sizes = json.loads(done.stdout)
    assert sizes == {name: (published / name).stat().st_size for name in sizes}
    packed = {file.name for file in (built / "ApiFunction" / "fastapi_offline" / "static").iterdir()}
    assert packed == {"favicon.png", "swagger-ui-bundle.js.gz", "swagger-ui.css.gz"}


@EVERY_FUNCTION
def test_byte_code_is_taken_without_a_look_at_the_source(built: Path, logical_id: str) -> None:
    compiled = sorted((built / logical_id).rglob("*.pyc"))
    flags = {int.from_bytes(file.read_bytes()[4:8], "little") for file in compiled}
    assert flags == {1}  # hash-based, unchecked: https://peps.python.org/pep-0552/
