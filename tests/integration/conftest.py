"""One local stack for all integration tests of a worker, on ports that the system chooses."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from infra.local.stack import LocalStack, StackOptions
from tests.integration.packages import install_packages
from tests.integration.workflow_api import WorkflowApi

# Waits, retry intervals and polls take a twentieth of their time.
TIME_SCALE = 0.05


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Local AWS, offline models, `template.yaml` deployed; its functions have the node types of packages."""
    packages = tmp_path_factory.mktemp("packages")
    install_packages(packages)
    with LocalStack(StackOptions(time_scale=TIME_SCALE, packages=packages)) as running:
        yield running


@pytest.fixture(scope="session")
def api_key(stack: LocalStack) -> str:
    """The key of the stack's API."""
    return stack.api_key()


@pytest.fixture(scope="session")
def http(stack: LocalStack, api_key: str) -> Iterator[httpx.Client]:
    """A client at ``/api/v1`` that carries the key."""
    headers = {"Authorization": f"Bearer {api_key}"}
    with httpx.Client(base_url=f"{stack.api_url}/api/v1", headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def api(http: httpx.Client) -> WorkflowApi:
    """Save, execute, wait."""
    return WorkflowApi(http)
