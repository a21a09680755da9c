"""What an execution environment is made from."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FunctionSpec:
    """One version of a function, ready to start: where its code lies and how it is configured.

    ``code_root`` is the unpacked package, ``layer_paths`` the ``python`` folders of its layers in order.
    """

    arn: str
    name: str
    version: str
    handler: str
    code_root: str
    layer_paths: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 3.0
    memory_mb: int = 128

    @property
    def fingerprint(self) -> str:
        """Changes with the code or the configuration: an environment serves one fingerprint only."""
        code = [self.handler, self.code_root, *self.layer_paths]
        parts = [code, sorted(self.variables.items()), self.timeout_seconds, self.memory_mb]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def environment_variables(
    spec: FunctionSpec, base: Mapping[str, str], runtime_api: str, log_stream: str
) -> dict[str, str]:
    """Return the environment of a worker, with the names Lambda gives.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. ``base`` holds what this machine
    adds (PATH, the endpoint, credentials); a function's own variables override it, never the reserved ones.
    """
    region = spec.arn.split(":")[3]
    reserved = {
        "_HANDLER": spec.handler,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": region,
        "LAMBDA_RUNTIME_DIR": spec.code_root,
        "LAMBDA_TASK_ROOT": spec.code_root,
        "PYTHONPATH": ":".join((spec.code_root, *spec.layer_paths)),
        "TZ": ":UTC",
    }
    return {**base, **spec.variables, **reserved}
