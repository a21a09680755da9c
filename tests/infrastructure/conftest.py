from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.build.environment import ROOT, ensure_environment
from infra.build.installed_folder import InstalledFolder
from infra.build.template_file import read_template
from infra.checks.cloudformation import translate

SAM_CONFIG = ROOT / "infra" / "samconfig.toml"


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as written."""
    return read_template()


@pytest.fixture(scope="session")
def translated() -> dict[str, Any]:
    """template.yaml as CloudFormation sees it."""
    return translate(read_template())


@pytest.fixture(scope="session")
def sam_environment() -> Path:
    """The environment of aws-sam-cli and cfn-lint, made when it is not there."""
    return ensure_environment("sam")


@pytest.fixture(scope="session")
def checkov_environment() -> Path:
    """The environment of checkov, made when it is not there."""
    return ensure_environment("checkov")


@pytest.fixture(scope="session")
def built(sam_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All functions as `sam build` makes them for this machine; built once, also for several test workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def build(folder: Path) -> None:
        folder.mkdir()
        command = [
            str(sam_environment / "bin" / "sam"),
            "build",
            f"--config-file={SAM_CONFIG}",
            f"--build-dir={folder / 'functions'}",
            "--parameter-overrides=Architecture="
            + ("arm64" if os.uname().machine == "aarch64" else "x86_64"),
        ]
        environment = os.environ | {
            "ARCHITECTURE": "host",
            "SAM_CLI_TELEMETRY": "0",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return InstalledFolder(shared / "sam-build", "built").ensure(build) / "functions"
