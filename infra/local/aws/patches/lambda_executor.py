"""Defect: MiniStack's Python executor is not the Lambda runtime.

Every exception becomes ``Runtime.HandlerError``, so that Retry and Catch by name never match; each warm call
waits 50 ms; cold workers start one by one; results have no size limit. AWS's own runtime client, in a pool of
worker processes, takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.aws.lambda_pool.caller import current_caller
from infra.local.aws.lambda_pool.code_store import CodeStore
from infra.local.aws.lambda_pool.function_queue import NoEnvironmentError
from infra.local.aws.lambda_pool.function_spec import FunctionSpec
from infra.local.aws.lambda_pool.pool import LambdaPool
from infra.local.patch import Patch, Replacement


def _spec(config: dict[str, Any], archive: bytes, code: CodeStore) -> FunctionSpec:
    from ministack.services import lambda_svc

    layers = [layer["Arn"] if isinstance(layer, dict) else layer for layer in config.get("Layers") or []]
    archives = [lambda_svc._resolve_layer_zip(layer) for layer in layers]
    arn = ":".join(config["FunctionArn"].split(":")[:7])  # without version or alias
    version = config.get("Version") or "$LATEST"
    return FunctionSpec(
        arn=f"{arn}:{version}",
        name=config["FunctionName"],
        version=version,
        handler=config["Handler"],
        code_root=code.unpack(archive),
        layer_paths=tuple(f"{code.unpack(layer)}/python" for layer in archives if layer),
        variables=dict((config.get("Environment") or {}).get("Variables") or {}),
        timeout_seconds=float(config.get("Timeout") or 3),
        memory_mb=int(config.get("MemorySize") or 128),
    )


def patch(pool: LambdaPool, code: CodeStore) -> Patch:
    """Return the patch that runs Python functions in ``pool``."""

    def make(original: Any) -> Any:
        from ministack.services import lambda_svc

        def execute(func: dict[str, Any], event: Any, request_id: str) -> Any:
            config = func.get("config") or func
            archive = func.get("code_zip")
            if not archive or not str(config.get("Runtime", "")).startswith("python"):
                return original(func, event, request_id)
            try:
                result = pool.invoke(
                    _spec(config, archive, code),
                    json.dumps(event).encode(),
                    function_arn=config["FunctionArn"],
                    request_id=request_id,
                    trace_id=lambda_svc._xray_trace_id_for_invocation(config) or "",
                    caller=current_caller(),
                )
            except NoEnvironmentError:
                return lambda_svc._throttle_response("ConcurrentInvocationLimitExceeded", "Rate Exceeded.")
            text = result.payload.decode("utf-8", "replace")
            if result.is_error:
                return {"body": json.loads(text), "error": True, "log": result.log}
            return {"body": text, "raw_payload": True, "log": result.log}

        return execute

    def replacements() -> Iterator[Replacement]:
        from ministack.services import lambda_svc

        yield Replacement(lambda_svc, "_execute_function_warm", make)

    return Patch("aws.lambda_executor", replacements)
