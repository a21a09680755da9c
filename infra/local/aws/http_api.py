"""The HTTP API's data plane, payload format 2.0: the event a function gets, the response its answer becomes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_PAYLOAD_BYTES = 10 * 1024 * 1024
MAX_INTEGRATION_SECONDS = 30
"""Both: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

HttpResponse = tuple[int, dict[str, str | list[str]], bytes]
"""Status, headers (a list stands for repeated lines), body."""

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})


@dataclass(frozen=True)
class HttpRequest:
    """A request that matched a route; header names are in lower case."""

    api_id: str
    stage: str
    route_key: str
    method: str
    raw_path: str
    raw_query_string: str = ""
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, Any] | None = None
    source_ip: str = "127.0.0.1"


def http_event(request: HttpRequest, account: str) -> dict[str, Any]:
    """Return the event; what AWS leaves out when it is empty is left out."""
    headers = dict(request.headers)
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": request.route_key,
        "rawPath": request.raw_path,
        "rawQueryString": request.raw_query_string,
        "headers": headers,
        "requestContext": _context(request, account),
        "isBase64Encoded": False,
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": {name: ",".join(values) for name, values in request.query.items()},
        "pathParameters": dict(request.path_parameters),
        "stageVariables": dict(request.stage_variables),
    }
    event.update({name: value for name, value in optional.items() if value})
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def _body(request: HttpRequest) -> tuple[str, bool]:
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES:
        try:
            return request.body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass  # announced as text and is none: encoded like everything else
    return base64.b64encode(request.body).decode("ascii"), True


def _context(request: HttpRequest, account: str) -> dict[str, Any]:
    domain = request.headers.get("host", "localhost").rsplit(":", 1)[0]
    now = time.time()
    context: dict[str, Any] = {
        "accountId": account,
        "apiId": request.api_id,
        "domainName": domain,
        "domainPrefix": domain.split(".", 1)[0],
        "http": {
            "method": request.method,
            "path": request.raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex[:16],
        "routeKey": request.route_key,
        "stage": request.stage,
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    if request.authorizer is not None:
        context["authorizer"] = dict(request.authorizer)
    return context


def problem(status: int, message: str) -> HttpResponse:
    """Return an error as API Gateway words its own."""
    return status, {"content-type": "application/json"}, json.dumps({"message": message}).encode()


def http_response(answer: Any) -> HttpResponse:
    """Turn what a function returned into a response.

    Without ``statusCode`` the whole answer is the body, as JSON, with status 200. An answer that is no
    response (a wrong status, headers that are no object, a broken encoding) becomes 500, as on AWS.
    """
    if not isinstance(answer, dict) or "statusCode" not in answer:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return 200, {"content-type": "application/json"}, text.encode()
    try:
        status = int(answer["statusCode"])
        headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
        body = _answer_body(answer)
    except (AttributeError, TypeError, ValueError, binascii.Error):
        return problem(500, "Internal Server Error")
    result: dict[str, str | list[str]] = {"content-type": "application/json", **headers}
    result.pop("content-length", None)  # counted anew: the body may have been decoded
    cookies = [str(cookie) for cookie in answer.get("cookies") or []]
    if cookies:
        earlier = result.pop("set-cookie", None)
        result["set-cookie"] = cookies + ([str(earlier)] if earlier else [])
    return status, result, body


def _answer_body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if answer.get("isBase64Encoded"):
        return base64.b64decode(str(body), validate=True)
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
