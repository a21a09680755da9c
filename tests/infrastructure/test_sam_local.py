"""What sam local makes of the template and its settings, asked of its own code: containers need Docker."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.build.environment import ROOT
from infra.build.function_package import PACKAGES

ASK = """
import json, sys
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.local.lambdafn.env_vars import EnvironmentVariables
given = json.load(open("infra/events/environment.json"))
stacks, _ = SamLocalStackProvider.get_stacks("template.yaml", parameter_overrides={"Stage": "local"})
functions = SamFunctionProvider(stacks, use_raw_codeuri=True)
variables = {}
for function in functions.get_all():
    own = {**given["Parameters"], **given.get(function.name, {})}
    made = EnvironmentVariables(variables=function.environment["Variables"], override_values=own)
    variables[function.name] = made.resolve()
routes = [
    [route.path, route.payload_format_version, functions.get(route.function_name).name]
    for route in ApiProvider(stacks).api.routes
]
print(json.dumps({"variables": variables, "routes": sorted(routes)}))
"""


@pytest.fixture(scope="module")
def seen(sam_environment: Path) -> dict[str, Any]:
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [str(sam_environment / "bin" / "python"), "-c", ASK]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_start_api_leads_every_path_to_its_function(seen: dict[str, Any]) -> None:
    assert seen["routes"] == [
        ["/", "2.0", "ApiFunction"],
        ["/webhooks-test/{proxy+}", "2.0", "TriggersFunction"],
        ["/webhooks/{proxy+}", "2.0", "TriggersFunction"],
        ["/{proxy+}", "2.0", "ApiFunction"],
    ]


def test_every_function_is_pointed_at_the_local_aws_and_its_tables(seen: dict[str, Any]) -> None:
    assert set(seen["variables"]) == set(PACKAGES)
    for variables in seen["variables"].values():
        assert variables["AWS_ENDPOINT_URL"] == "http://host.docker.internal:4566"
        assert variables["WORKFLOWS_TABLE"] == "mini-n8n-local-workflows"


def test_sam_local_hands_no_unresolved_value_to_a_function(seen: dict[str, Any]) -> None:
    unresolved = [
        (name, variable, value)
        for name, variables in seen["variables"].items()
        for variable, value in variables.items()
        if any(sign in str(value) for sign in ("Fn::", "Ref", "HttpApi"))
    ]
    assert unresolved == []


def test_the_settings_of_sam_give_the_local_stage_its_environment() -> None:
    settings = tomllib.loads((ROOT / "infra" / "samconfig.toml").read_text("utf-8"))["default"]
    for command in ("local_invoke", "local_start_api"):
        parameters = settings[command]["parameters"]
        assert parameters["parameter_overrides"] == "Stage=local"
        assert (ROOT / parameters["env_vars"]).is_file()
