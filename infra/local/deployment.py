"""Deploys `template.yaml` to the local AWS through CloudFormation: sources as they are, no build.

Functions import third-party packages from this environment, so that only the sources are packed. What is
deployed is named by a digest of sources, template and parameters: equal digests deploy nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import py_compile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from engine.validation.text import did_you_mean
from infra.build.byte_code import compile_module
from infra.build.function_package import template_files
from infra.build.template_file import read_template

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "nodes", "functions")
STACK_NAME = "mini-n8n"
CODE_BUCKET = "mini-n8n-code"
# A stack of ours is up in about a second; what takes this long is stuck.
DEPLOY_TIMEOUT_SECONDS = 60.0
REGION = "us-east-1"

Say = Callable[[str], None]
Service = Literal[
    "cloudformation", "dynamodb", "events", "lambda", "s3", "secretsmanager", "sqs", "stepfunctions"
]


class DeploymentError(RuntimeError):
    """CloudFormation refused the stack, or did not finish; the message carries its reason."""


@dataclass(frozen=True)
class Deployment:
    """What stands: the outputs of the stack, and whether anything had to be done."""

    outputs: dict[str, str]
    changed: bool


def local_client(endpoint: str, service: Service) -> Any:
    """A boto3 client of the local AWS, which takes any credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local AWS knows no secrets
        config=Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}),
    )


def source_files(packages: Path | None = None) -> Iterator[tuple[str, Path]]:
    """What functions run, as (name in the package, file), in a fixed order."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path
    for path in template_files(ROOT):
        yield path.as_posix(), ROOT / path
    if packages is None:
        return
    for path in sorted(packages.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield path.relative_to(packages).as_posix(), path


def digest_sources(packages: Path | None = None) -> str:
    """Equal for equal sources and packages, in any environment."""
    digest = hashlib.sha256()
    for name, path in source_files(packages):
        digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def pack_sources(packages: Path | None = None) -> bytes:
    """The sources, and a folder of installed packages, with their byte code as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in source_files(packages):
            _write(archive, name, path.read_bytes())
            if path.suffix == ".py" and (compiled := _byte_code(name, path)) is not None:
                _write(archive, cache_from_source(name), compiled)
    return buffer.getvalue()


def _write(archive: zipfile.ZipFile, name: str, contents: bytes) -> None:
    # A fixed date: nothing of when it was packed stands in it.
    archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), contents, zipfile.ZIP_DEFLATED)


def _byte_code(name: str, path: Path) -> bytes | None:
    """As `sam build` packs it, so that a first start need not compile; None where that is not to be had."""
    try:
        return compile_module(path, Path(name))
    except (py_compile.PyCompileError, OSError):
        return None  # whoever imports it is told; or it is compiled then


def local_template(code_key: str) -> dict[str, Any]:
    """`template.yaml` with every function's code at ``code_key`` instead of a build."""
    template = read_template()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": CODE_BUCKET, "Key": code_key}
            resource.pop("Metadata", None)
    return template


def deploy(
    endpoint: str, parameters: dict[str, str], say: Say = lambda _: None, *, packages: Path | None = None
) -> Deployment:
    """Bring the stack to the present sources, template and parameters. DeploymentError."""
    code_key = f"{digest_sources(packages)}.zip"
    template = local_template(code_key)
    # The local AWS lets go of those that the template does not have.
    for name in sorted(set(parameters) - set(template["Parameters"])):
        told = f"template.yaml has no parameter '{name}'{did_you_mean(name, template['Parameters'])}"
        raise DeploymentError(f"{told.removesuffix('?')}; infra/README.md lists them")
    body = json.dumps(template, sort_keys=True)
    digest = hashlib.sha256((body + json.dumps(parameters, sort_keys=True)).encode()).hexdigest()
    formation = local_client(endpoint, "cloudformation")
    standing = _describe(formation)
    if standing is not None and _tag(standing, "digest") == digest and _is_complete(standing):
        return Deployment(_outputs(standing), changed=False)
    say("Deploying template.yaml ...")
    _upload(endpoint, code_key, pack_sources(packages))
    # In a bucket, as sam deploys it: a template in the request itself has at most 51,200 bytes
    # (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
    template_key = f"{digest}.json"
    _upload(endpoint, template_key, body.encode())
    arguments = {
        "StackName": STACK_NAME,
        "TemplateURL": f"{endpoint}/{CODE_BUCKET}/{template_key}",
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Tags": [{"Key": "digest", "Value": digest}],
    }
    if standing is not None and standing["StackStatus"] == "ROLLBACK_COMPLETE":
        # A stack whose creation failed holds nothing, and can only be deleted.
        formation.delete_stack(StackName=STACK_NAME)
        standing = None
    change = formation.create_stack if standing is None else formation.update_stack
    try:
        change(**arguments)
    except ClientError as error:
        raise DeploymentError(f"CloudFormation refused template.yaml: {error}") from error
    return Deployment(_outputs(_wait(formation)), changed=True)


def write_secret(endpoint: str, name: str, text: str) -> None:
    """Make a secret of the local AWS hold ``text``."""
    secrets = local_client(endpoint, "secretsmanager")
    try:
        secrets.put_secret_value(SecretId=name, SecretString=text)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        secrets.create_secret(Name=name, SecretString=text)


def read_secret(endpoint: str, name: str) -> str:
    """The text of a secret of the local AWS; ClientError when there is none."""
    value: str = local_client(endpoint, "secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return value


def read_outputs(endpoint: str) -> dict[str, str]:
    """The outputs of the stack that stands; KeyError when none does."""
    standing = _describe(local_client(endpoint, "cloudformation"))
    if standing is None:
        raise KeyError(STACK_NAME)
    return _outputs(standing)


def _upload(endpoint: str, key: str, code: bytes) -> None:
    storage = local_client(endpoint, "s3")
    try:
        storage.create_bucket(Bucket=CODE_BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    storage.put_object(Bucket=CODE_BUCKET, Key=key, Body=code)


def _describe(formation: Any) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def _wait(formation: Any) -> dict[str, Any]:
    deadline = time.monotonic() + DEPLOY_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        stack = _describe(formation)
        if stack is not None and not stack["StackStatus"].endswith("IN_PROGRESS"):
            if _is_complete(stack):
                return stack
            raise DeploymentError(_why(formation, stack))
        time.sleep(0.05)
    raise DeploymentError(f"the stack was not up after {DEPLOY_TIMEOUT_SECONDS:.0f} s")


def _is_complete(stack: dict[str, Any]) -> bool:
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def _why(formation: Any, stack: dict[str, Any]) -> str:
    events = formation.describe_stack_events(StackName=STACK_NAME).get("StackEvents", [])
    failed = [
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "")
    ]
    reasons = "; ".join(failed) or stack.get("StackStatusReason", "no reason given")
    return f"the stack ended as {stack['StackStatus']}: {reasons}"


def _tag(stack: dict[str, Any], key: str) -> str | None:
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == key), None)


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
