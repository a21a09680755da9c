"""Defect: Invoke takes payloads of any size, and takes broken JSON for an empty object.

AWS refuses more than 6 MB (synchronous) or 1 MB (asynchronous) with RequestEntityTooLargeException, and what
is not JSON with InvalidRequestContentException
(https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.aws.lambda_pool.error_document import MAX_SYNC_PAYLOAD_BYTES
from infra.local.patch import Patch, Replacement

MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def _refusal(headers: dict[str, str], body: bytes) -> tuple[str, str, int] | None:
    is_event = headers.get("x-amz-invocation-type") == "Event"
    limit = MAX_ASYNC_PAYLOAD_BYTES if is_event else MAX_SYNC_PAYLOAD_BYTES
    if len(body) > limit:
        operation = "InvokeAsync" if is_event else "InvokeFunction"
        message = f"Request must be smaller than {limit} bytes for the {operation} operation"
        return "RequestEntityTooLargeException", message, 413
    try:
        json.loads(body or b"{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        return "InvalidRequestContentException", message, 400
    return None


def _make(original: Any) -> Any:
    from ministack.core.responses import error_response_json

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/invocations"):
            refusal = _refusal(headers, body)
            if refusal is not None:
                return error_response_json(*refusal)
        return await original(method, path, headers, body, query_params)

    return handle_request


def _replacements() -> Iterator[Replacement]:
    from ministack.services import lambda_svc

    yield Replacement(lambda_svc, "handle_request", _make)


PATCH = Patch("aws.lambda_requests", _replacements)
