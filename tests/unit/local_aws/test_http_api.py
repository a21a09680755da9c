"""A SAM HTTP API deployed by CloudFormation, called through the front door and through its own host name."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local.aws import LocalAws
from tests.unit.local_aws.conftest import make_client, wait_for, zipped

APP = """
import base64, json, time
def handler(event, context):
    path = event["rawPath"]
    if path == "/event": return event
    if path == "/raise": raise ValueError("a secret of the function")
    if path == "/broken": return {"statusCode": "many"}
    if path == "/binary": return {"statusCode": 201, "headers": {"Content-Type": "image/png"},
        "isBase64Encoded": True, "body": base64.b64encode(bytes(range(256))).decode()}
    if path == "/cookies": return {"statusCode": 200, "cookies": ["a=1; Path=/", "b=2"], "body": ""}
    if path == "/large": return {"statusCode": 200, "body": "x" * 5_000_000}
    if path == "/too-large": return {"statusCode": 200, "body": "x" * 6_400_000}
    if path == "/slow": time.sleep(3)
    method = event["requestContext"]["http"]["method"]
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": method}
"""

TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Http": {"Type": "AWS::Serverless::HttpApi", "Properties": {"StageName": "$default"}},
        "Api": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Runtime": "python3.11",
                "Handler": "app.handler",
                "Timeout": 20,
                "CodeUri": "s3://packages/app.zip",
                "Events": {
                    "Any": {
                        "Type": "HttpApi",
                        "Properties": {
                            "ApiId": {"Ref": "Http"},
                            "Path": "/{proxy+}",
                            "Method": "ANY",
                            "TimeoutInMillis": 2000,
                        },
                    }
                },
            },
        },
    },
    "Outputs": {"ApiId": {"Value": {"Ref": "Http"}}},
}

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalAws]:
    with LocalAws() as server:
        yield server


@pytest.fixture(scope="module")
def before(server: LocalAws) -> Answer:
    """What the front door answers while nothing is deployed."""
    return request(server, "GET", "/anything")


@pytest.fixture(scope="module")
def api_id(server: LocalAws, before: Answer) -> str:
    storage = make_client(server.endpoint, "s3")
    storage.create_bucket(Bucket="packages")
    storage.put_object(Bucket="packages", Key="app.zip", Body=zipped(app=APP))
    stacks = make_client(server.endpoint, "cloudformation")
    stacks.create_stack(
        StackName="http",
        TemplateBody=json.dumps(TEMPLATE),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )

    def finished() -> Any:
        stack = stacks.describe_stacks(StackName="http")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = wait_for(finished)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    storage.close()
    stacks.close()
    return str(outputs["ApiId"])


def request(  # noqa: PLR0917 - the parts of a request in their usual order
    server: LocalAws,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Any = None,
    port: str = "api",
) -> Answer:
    address = urlsplit(server.api_endpoint if port == "api" else server.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, content
    finally:
        connection.close()


Call = Callable[..., Answer]


@pytest.fixture
def call(server: LocalAws, api_id: str) -> Call:
    return lambda method, path, body=None, headers=None: request(server, method, path, body, headers)


def test_nothing_is_there_before_the_deployment(before: Answer) -> None:
    status, headers, body = before
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert json.loads(body)["title"] == "Service Unavailable"


def test_the_event_is_payload_format_two(call: Call, server: LocalAws, api_id: str) -> None:
    headers = {
        "Cookie": "a=1; b=2",
        "X-Many": "one",
        "Content-Type": "application/json",
        "User-Agent": "test",
    }
    _, _, body = call("POST", "/event?b=2&a=1&a=%20x", b'{"a": 1}', headers)
    event = json.loads(body)
    context = event["requestContext"]
    assert {name: event[name] for name in event if name not in ("headers", "requestContext")} == {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": "/event",
        "rawQueryString": "b=2&a=1&a=%20x",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"b": "2", "a": "1, x"},
        "pathParameters": {"proxy": "event"},
        "body": '{"a": 1}',
        "isBase64Encoded": False,
    }
    assert (event["headers"]["x-many"], event["headers"]["x-forwarded-proto"]) == ("one", "http")
    assert "cookie" not in event["headers"]
    assert event["headers"]["host"] == urlsplit(server.api_endpoint).netloc
    assert (context["apiId"], context["stage"], context["routeKey"]) == (api_id, "$default", "ANY /{proxy+}")
    assert context["http"] == {
        "method": "POST",
        "path": "/event",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test",
    }


def test_what_is_empty_is_left_out_of_the_event(call: Call) -> None:
    event = json.loads(call("GET", "/event")[2])
    assert {"cookies", "queryStringParameters", "body", "stageVariables"} & event.keys() == set()


def test_a_binary_body_comes_encoded(call: Call) -> None:
    event = json.loads(call("PUT", "/event", b"\x00\xff", {"Content-Type": "application/octet-stream"})[2])
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\x00\xff")


def test_a_binary_answer_is_decoded(call: Call) -> None:
    status, headers, body = call("GET", "/binary")
    assert (status, headers["content-type"], body) == (201, "image/png", bytes(range(256)))


def test_each_cookie_is_a_header_of_its_own(server: LocalAws, api_id: str) -> None:
    address = urlsplit(server.api_endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    connection.request("GET", "/cookies")
    response = connection.getresponse()
    response.read()
    assert response.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2"]
    connection.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_reaches_the_function(call: Call, method: str) -> None:
    assert call(method, "/method")[2] == method.encode()


@pytest.mark.parametrize("path", ["/raise", "/broken", "/too-large"])
def test_a_failing_function_is_an_internal_error_that_tells_nothing(call: Call, path: str) -> None:
    status, headers, body = call("GET", path)
    assert (status, headers["content-type"]) == (500, "application/json")
    assert json.loads(body) == {"message": "Internal Server Error"}


def test_a_function_that_takes_too_long_is_unavailable(call: Call) -> None:
    status, _, body = call("GET", "/slow")
    assert (status, json.loads(body)) == (503, {"message": "Service Unavailable"})


def test_an_answer_of_five_megabytes_passes(call: Call) -> None:
    assert len(call("GET", "/large")[2]) == 5_000_000


def test_a_request_over_ten_megabytes_is_refused(call: Call) -> None:
    status, _, body = call("POST", "/method", b"x" * (10 * 1024 * 1024 + 1), {"Content-Type": "text/plain"})
    assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})


def test_an_encoded_path_keeps_its_escaped_percent_sign(call: Call) -> None:
    assert json.loads(call("GET", "/event")[2])["rawPath"] == "/event"
    assert call("GET", "/a%20b%252Fc")[0] == 200


def test_the_host_name_of_the_api_leads_there_too(server: LocalAws, api_id: str) -> None:
    port = urlsplit(server.endpoint).port
    host = {"Host": f"{api_id}.execute-api.localhost:{port}"}
    event = json.loads(request(server, "GET", "/event", None, host)[2])
    assert event["requestContext"]["domainName"] == f"{api_id}.execute-api.localhost"
