"""Between API Gateway's payload format 2.0 and webhooks.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, unquote

from engine.json_value import JsonObject
from engine.webhook import WebhookAnswer, WebhookRequest
from engine.webhook.request import write_json
from functions.trace_context import TraceContext

PREFIX, TEST_PREFIX = "/webhooks/", "/webhooks-test/"
# More pairs than this are no query that a person wrote.
MAX_QUERY_FIELDS = 1_000


def read_request(event: dict[str, Any]) -> WebhookRequest:
    """The request in an event."""
    context = event["requestContext"]
    path = unquote(event["rawPath"])
    stage = f"/{context.get('stage', '')}"
    if not path.startswith((PREFIX, TEST_PREFIX)) and path.startswith(stage + "/"):
        path = path[len(stage) :]  # a stage that has a name stands before the path
    test = path.startswith(TEST_PREFIX)
    body = event.get("body") or ""
    return WebhookRequest(
        method=context["http"]["method"],
        path=path.removeprefix(TEST_PREFIX if test else PREFIX),
        headers={name.lower(): str(value) for name, value in event.get("headers", {}).items()},
        query=_pairs(event.get("rawQueryString") or ""),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "replace"),
        source_ip=context["http"].get("sourceIp"),
        test=test,
    )


def write_answer(answer: WebhookAnswer, path: str, trace: TraceContext) -> JsonObject:
    """The answer to a request for the path, as API Gateway takes it; a problem says where it is."""
    data = answer.body
    if answer.problem is not None:
        data = write_json({**answer.problem, "instance": path, "trace_id": trace.trace_id})
    try:
        body, encoded = data.decode("utf-8"), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(data).decode("ascii"), True
    headers = {**answer.headers, "traceparent": trace.traceparent}
    return {"statusCode": answer.status, "headers": headers, "body": body, "isBase64Encoded": encoded}


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:
        return ()
