"""Defect: a dead-letter queue gets the envelope that only an OnFailure destination gets.

On AWS the queue's message is the event itself; what went wrong stands in message attributes
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    from ministack.services import lambda_svc, sqs

    def route(target_arn: str, func_name: str, event: Any, result: dict[str, Any]) -> None:
        func = lambda_svc._functions.get(func_name) or {}
        dead_letter = ((func.get("config") or {}).get("DeadLetterConfig") or {}).get("TargetArn")
        original(target_arn, func_name, event, result)
        queue = sqs._queue_by_arn(target_arn) if ":sqs:" in target_arn else None
        if target_arn != dead_letter or queue is None:
            return
        message = queue["messages"][-1]
        body = result.get("body")
        text = str(body.get("errorMessage", "")) if isinstance(body, dict) else ""
        message["body"] = json.dumps(event)
        message["md5_body"] = sqs.hashlib.md5(message["body"].encode()).hexdigest()
        message["message_attributes"] = {
            "RequestID": {"DataType": "String", "StringValue": message["id"]},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": text[:1024] or "Unhandled"},
        }
        message["md5_attrs"] = sqs._md5_msg_attrs(message["message_attributes"])

    return route


def _replacements() -> Iterator[Replacement]:
    from ministack.services import lambda_svc

    yield Replacement(lambda_svc, "_route_async_failure", _make)


PATCH = Patch("aws.dead_letter_messages", _replacements)
