"""What the function of triggers is called with, and what it answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from engine.webhook import WebhookAnswer, WebhookRequest, problem_answer
from functions.trace_context import TraceContext
from functions.triggers.dead_letter import DeadLetter, read_dead_letter
from functions.triggers.http_event import read_request, write_answer

TRACE = TraceContext("a" * 32, "b" * 16)
ADDRESS = {"workflow_id": "wf_1", "trigger_id": "tr_1"}


def http_event(path: str, **more: Any) -> dict[str, Any]:
    http = {"method": "POST", "path": path, "sourceIp": "192.0.2.1"}
    return {"rawPath": path, "requestContext": {"http": http, "stage": "$default"}, "headers": {}, **more}


@pytest.mark.parametrize(
    ("event", "request_"),
    [
        (
            http_event("/webhooks/a/b%20c", rawQueryString="x=1&x=2&y=", body="ü", headers={"X-A": "1"}),
            WebhookRequest(
                "POST", "a/b c", {"x-a": "1"}, (("x", "1"), ("x", "2"), ("y", "")), "ü".encode(), "192.0.2.1"
            ),
        ),
        (
            http_event("/webhooks-test/a", body=base64.b64encode(b"\xff").decode(), isBase64Encoded=True),
            WebhookRequest("POST", "a", body=b"\xff", source_ip="192.0.2.1", test=True),
        ),
        (
            http_event("/v1/webhooks/a")
            | {"requestContext": {"stage": "v1", "http": {"method": "GET", "path": "/v1/webhooks/a"}}},
            WebhookRequest("GET", "a"),
        ),
    ],
)
def test_a_request_is_read(event: dict[str, Any], request_: WebhookRequest) -> None:
    assert read_request(event) == request_


@pytest.mark.parametrize(("body", "text", "encoded"), [("ü".encode(), "ü", False), (b"\xff", "/w==", True)])
def test_an_answer_is_written(body: bytes, text: str, encoded: bool) -> None:
    assert write_answer(WebhookAnswer(201, body, {"x-a": "b"}), "/webhooks/a", TRACE) == {
        "statusCode": 201,
        "headers": {"x-a": "b", "traceparent": TRACE.traceparent},
        "body": text,
        "isBase64Encoded": encoded,
    }


def test_a_problem_says_where_it_is_and_in_which_trace() -> None:
    answer = write_answer(problem_answer(404, "not-found", "nothing here"), "/webhooks/a%20b", TRACE)
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"]) == {
        "type": "urn:mini-n8n:problem:not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "nothing here",
        "instance": "/webhooks/a%20b",
        "trace_id": TRACE.trace_id,
    }


PAYLOAD = {"trigger": ADDRESS, "event": {"id": "e"}}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            {"body": json.dumps({"requestPayload": PAYLOAD, "responsePayload": {"errorMessage": "away"}})},
            "away",
        ),
        (
            {"body": json.dumps({"requestPayload": PAYLOAD, "responsePayload": None})},
            "the function that starts executions failed",
        ),
        (
            {
                "body": json.dumps(PAYLOAD),
                "messageAttributes": {"ERROR_MESSAGE": {"stringValue": "denied"}},
            },
            "denied",
        ),
    ],
)
def test_a_dead_letter_is_read(record: dict[str, Any], message: str) -> None:
    assert read_dead_letter(record) == DeadLetter(ADDRESS, {"id": "e"}, message)


@pytest.mark.parametrize("body", ["{}", "no json", '{"requestPayload": {"rawPath": "/webhooks/a"}}'])
def test_what_is_no_dead_letter_is_an_error(body: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        read_dead_letter({"body": body})
