"""What other people's rules say of the template: sam validate, cfn-lint, checkov."""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from infra.build.environment import ROOT
from infra.build.template_file import TEMPLATE

FUNCTIONS = {
    f"AWS::Lambda::Function.{name}Function"
    for name in ("Api", "Core", "Http", "Ai", "Custom", "Flow", "ExecutionEvents", "Triggers")
}
LOG_GROUPS = {
    f"AWS::Logs::LogGroup.{name}LogGroup"
    for name in ("HttpApi", "Api", "Core", "Http", "Ai", "Custom", "Flow", "ExecutionEvents", "Triggers")
}
TABLES = {f"AWS::DynamoDB::Table.{name}Table" for name in ("Workflows", "Executions", "Cache", "Access")}
A_KEY_COSTS = "a key of one's own costs 1 USD a month, idle; AWS's keys encrypt it all the same"

# Rule of checkov -> why we do otherwise, and for which resources. Anything else it finds fails the test.
SKIPPED: dict[str, tuple[str, set[str]]] = {
    "CKV_AWS_119": (A_KEY_COSTS, TABLES),
    "CKV_AWS_149": (
        A_KEY_COSTS,
        {"AWS::SecretsManager::Secret.ApiKey", "AWS::SecretsManager::Secret.ApprovalKey"},
    ),
    "CKV_AWS_158": (A_KEY_COSTS, LOG_GROUPS),
    "CKV_AWS_173": (A_KEY_COSTS + "; and the variables hold names, no secret", FUNCTIONS),
    "CKV_AWS_27": (
        A_KEY_COSTS + "; the rule overlooks SqsManagedSseEnabled",
        {"AWS::SQS::Queue.ExecutionEventsQueue", "AWS::SQS::Queue.TriggersQueue"},
    ),
    "CKV_AWS_26": (
        A_KEY_COSTS + "; CloudWatch cannot write to a topic under AWS's key, and alarms hold no secret",
        {"AWS::SNS::Topic.AlarmTopic"},
    ),
    "CKV_AWS_28": (
        "executions are records of what is over and would be copied for 0.20 USD per GB and month; "
        "cached results are made anew",
        {"AWS::DynamoDB::Table.ExecutionsTable", "AWS::DynamoDB::Table.CacheTable"},
    ),
    "CKV_AWS_18": (
        "a log of accesses needs a second bucket that nothing would read; CloudTrail can log them instead",
        {"AWS::S3::Bucket.ArtifactsBucket"},
    ),
    "CKV_AWS_21": (
        "every object is written once, under a key of its own: there are no versions to keep",
        {"AWS::S3::Bucket.ArtifactsBucket"},
    ),
    "CKV_AWS_115": (
        "reserved concurrency is taken from the account's quota for ever; a new account has none to spare; "
        "the API's throttle and the Map's concurrency bound us",
        FUNCTIONS,
    ),
    "CKV_AWS_116": (
        "two functions are invoked asynchronously, with OnFailure destinations, which the rule overlooks; "
        "the others answer whoever calls them",
        FUNCTIONS,
    ),
    "CKV_AWS_117": (
        "in a VPC the way to the internet is a NAT gateway: 33 USD a month, idle",
        FUNCTIONS,
    ),
}


@pytest.fixture(scope="module")
def translated_file(translated: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("translated") / "template.json"
    path.write_text(json.dumps(translated, indent=1), encoding="utf-8")
    return path


def run(*command: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_sam_finds_nothing_wrong_with_the_template(sam_environment: Path) -> None:
    done = run(
        sam_environment / "bin" / "sam",
        "validate",
        "--lint",
        "--config-file",
        ROOT / "infra" / "samconfig.toml",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{TEMPLATE} is a valid SAM Template" in done.stdout


def test_cfn_lint_finds_nothing_wrong_with_what_sam_makes_of_it(
    sam_environment: Path, translated_file: Path
) -> None:
    done = run(sam_environment / "bin" / "cfn-lint", "--info", "--format", "parseable", translated_file)
    assert (done.returncode, done.stdout) == (0, "")


def test_checkov_finds_what_we_have_reasons_for_and_nothing_else(
    checkov_environment: Path, translated_file: Path
) -> None:
    done = run(
        checkov_environment / "bin" / "checkov",
        "--file", translated_file,
        "--framework", "cloudformation",
        "--output", "json",
        "--quiet",
        "--skip-download",  # of guidelines, from the service of its makers
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    found: dict[str, set[str]] = defaultdict(set)
    for failed in report["results"]["failed_checks"]:
        found[failed["check_id"]].add(failed["resource"])
    assert found == {rule: resources for rule, (_, resources) in SKIPPED.items()}
