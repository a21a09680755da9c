"""Lambda tasks of an execution, called in this process: HTTP would double the time of a light task."""

from __future__ import annotations

import json
import uuid
from typing import Any

from infra.local.asl.run_settings import FunctionError, Invoke
from infra.local.aws.task_queue import TaskQueue


def function_calls(execution_arn: str, tasks: TaskQueue) -> Invoke:
    """Return what invokes functions for an execution, in its account and region.

    It raises FunctionError for what a function raised and botocore's ClientError for what the service refuses
    (no such function, no concurrency left), as a client would.
    """
    region, account = execution_arn.split(":")[3:5]

    def invoke(function: str, payload: Any) -> Any:
        from ministack.core.responses import request_scope
        from ministack.services import lambda_svc

        with request_scope(account, region):
            func, config, name = lambda_svc._get_func_record_for_ref(function)
            if func is None or config is None:
                raise _refused(404, "ResourceNotFoundException", f"Function not found: {name}")
            record = lambda_svc._execution_record_for_config(func, config)
            with tasks.waiting():
                result = lambda_svc._execute_function_with_config_scope(record, payload)
            return _answer(result)

    return invoke


def _answer(result: dict[str, Any]) -> Any:
    body = result.get("body")
    if result.get("throttle"):
        raise _refused(429, "TooManyRequestsException", str((body or {}).get("message", "Rate Exceeded.")))
    if result.get("error"):
        raise FunctionError(json.dumps(body))
    return json.loads(body) if isinstance(body, str) and result.get("raw_payload") else body


def _refused(status: int, code: str, message: str) -> Exception:
    from botocore.exceptions import ClientError

    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": str(uuid.uuid4())},
    }
    return ClientError(response, "Invoke")
