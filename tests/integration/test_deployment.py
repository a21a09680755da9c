"""The local deployment: nothing is done twice, a change is, and what users stored outlives both."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

import httpx
import pytest

from infra.local.deployment import DeploymentError, deploy, digest_sources, pack_sources
from infra.local.models import NO_KEY, OwnModels, read_own_models
from infra.local.stack import LocalStack, StackOptions
from tests.integration.test_up import free_ports
from tests.integration.workflow_api import WorkflowApi

DOCUMENT = {"name": "Kept", "nodes": [{"id": "out", "type": "output", "config": {"value": 1}}]}


def workflow_names(stack: LocalStack, key: str) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.get(f"{stack.api_url}/api/v1/workflows/", headers=headers, timeout=30)
    return [item["name"] for item in answer.json()["items"]]


def test_an_equal_start_deploys_nothing_and_a_change_keeps_what_is_stored(tmp_path: Path) -> None:
    aws, api, model = free_ports(3)
    options = {"aws_port": aws, "api_port": api, "model_port": model, "state_dir": tmp_path / "state"}
    with LocalStack(StackOptions(**options)) as stack:
        assert stack.deployment.changed is True
        outputs, key = stack.deployment.outputs, stack.api_key()
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{stack.api_url}/api/v1", headers=headers, timeout=30) as client:
            WorkflowApi(client).save(DOCUMENT)
    with LocalStack(StackOptions(**options)) as stack:
        assert (stack.deployment.changed, stack.deployment.outputs) == (False, outputs)
    with LocalStack(StackOptions(**options, allowed_hosts=("localhost:3000",))) as stack:
        assert (stack.deployment.changed, stack.deployment.outputs, stack.api_key()) == (True, outputs, key)
        assert workflow_names(stack, key) == ["Kept"]


def test_a_deployment_that_is_refused_says_why(stack: LocalStack) -> None:
    with pytest.raises(
        DeploymentError, match=r"^CloudFormation refused template\.yaml: .*'LogLevel' value 'LOUD'"
    ):
        deploy(stack.endpoint, {"Stage": "local", "LogLevel": "LOUD"})


def test_a_parameter_that_the_template_does_not_have_is_refused(stack: LocalStack) -> None:
    with pytest.raises(DeploymentError, match=r"no parameter 'OidcIsuer'; did you mean 'OidcIssuer'; infra"):
        deploy(stack.endpoint, {"Stage": "local", "OidcIsuer": "http://localhost:1"})


def test_an_issuer_elsewhere_is_asked_by_https_alone(stack: LocalStack) -> None:
    with pytest.raises(DeploymentError, match="OidcIssuer"):
        deploy(stack.endpoint, {"Stage": "local", "OidcIssuer": "http://issuer.example"})


def test_the_package_is_equal_for_equal_contents_and_takes_other_packages_in(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("ONE = 1\n")
    (tmp_path / "one.pyc").write_text("")
    (tmp_path / "broken.py").write_text("ONE = (\n")
    assert pack_sources() == pack_sources()
    assert digest_sources() == digest_sources() != digest_sources(tmp_path)
    with zipfile.ZipFile(io.BytesIO(pack_sources(tmp_path))) as packed:
        names = set(packed.namelist()) - set(zipfile.ZipFile(io.BytesIO(pack_sources())).namelist())
    assert names == {"one.py", cache_from_source("one.py"), "broken.py"}


def test_what_is_packed_is_not_compiled_again(tmp_path: Path) -> None:
    """And tracebacks name the file where it stands."""
    with zipfile.ZipFile(io.BytesIO(pack_sources())) as packed:
        packed.extractall(tmp_path)
    look = (
        "import engine.workflow as m; print(m.__cached__, m.__spec__.loader.get_code(m.__name__).co_filename)"
    )
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pyc")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {look}"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    source = tmp_path / "engine" / "workflow.py"
    assert done.stdout.split() == [cache_from_source(str(source)), str(source)]
    assert Path(cache_from_source(str(source))) in before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pyc")} == before


def test_models_of_ones_own_are_named_by_either_variable_and_their_key_is_not_shown() -> None:
    assert read_own_models({}) is None
    assert read_own_models({"OPENAI_BASE_URL": " ", "OPENAI_API_KEY": ""}) is None
    assert read_own_models({"OPENAI_BASE_URL": "http://localhost:11434/v1"}) == OwnModels(
        "http://localhost:11434/v1", NO_KEY
    )
    own = read_own_models({"OPENAI_API_KEY": "sk-secret"})
    assert (own, str(own)) == (OwnModels(None, "sk-secret"), "https://api.openai.com/v1")
    assert "sk-secret" not in repr(own)
