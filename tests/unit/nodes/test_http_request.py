from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import NodeConfigError, NodeError
from engine.node import NodeContext
from nodes.http_node import HttpNode
from tests.unit.nodes.node_bench import Call, DictFiles, make_context, make_credential
from tests.unit.nodes.raw_server import RawServer, reply

JSON = "application/json"


def context_with(raw: RawServer, kind: str, **values: str) -> NodeContext:
    return make_context(f"127.0.0.1:{raw.port}", credential=make_credential(kind, **values))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_method_is_sent(method: str, call: Call) -> None:
    assert call(method=method)["output"]["method"] == method


def test_head_gives_headers_and_no_body(raw: RawServer, call: Call) -> None:
    raw.answers["/head"] = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\ncontent-encoding: br\r\n\r\n"

    values = call("/head", method="HEAD")

    assert (values["output"], values["headers"]["content-length"]) == ("", "99999999")


def test_the_query_is_added_to_the_one_in_the_url_and_lists_repeat_their_name(call: Call) -> None:
    query = {"q": "a&b=ü", "n": 1, "yes": True, "none": None, "tag": ["x", 2], "empty": ""}

    values = call("/echo?first=1", query=query)

    assert values["output"]["target"] == "/echo?first=1&q=a%26b%3D%C3%BC&n=1&yes=true&tag=x&tag=2&empty="


def test_a_url_without_extra_query_is_sent_as_it_was_written(call: Call) -> None:
    assert call("/echo?a=%2F&b=+&c")["output"]["target"] == "/echo?a=%2F&b=+&c"


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"mode": "json", "value": {"a": [1, "ü"]}}, "application/json", '{"a":[1,"ü"]}'),
        ({"mode": "json", "value": None}, "application/json", "null"),
        ({"mode": "json", "value": "text"}, "application/json", '"text"'),
        (
            {"mode": "form", "value": {"a": "1 & 2", "b": [1, True], "c": None}},
            "application/x-www-form-urlencoded",
            "a=1+%26+2&b=1&b=true",
        ),
        ({"mode": "text", "value": "plain ü"}, "text/plain; charset=utf-8", "plain ü"),
        ({"mode": "text", "value": "<a/>", "content_type": "application/xml"}, "application/xml", "<a/>"),
        ({"mode": "json", "value": "\ud800"}, "application/json", '"?"'),
    ],
)
def test_a_body_is_sent_in_its_mode(body: dict[str, Any], content_type: str, sent: str, call: Call) -> None:
    seen = call(method="POST", body=body)["output"]

    assert (seen["headers"]["content-type"], seen["body"]) == (content_type, sent)


def test_no_body_and_no_content_type_are_sent_unless_asked_for(call: Call) -> None:
    seen = call(method="POST")["output"]

    assert (seen["body"], "content-type" in seen["headers"]) == ("", False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"mode": "text", "value": {"a": 1}}, "mode text needs a text"),
        ({"mode": "form", "value": "a=1"}, "a form needs an object"),
    ],
)
def test_a_body_that_does_not_fit_its_mode_is_not_bent_to_fit(
    body: dict[str, Any], message: str, call: Call, raw: RawServer
) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        call(method="POST", body=body)

    assert (caught.value.field, raw.received) == ("config.body.value", [])


def test_headers_are_sent_and_a_content_type_of_ones_own_wins(call: Call) -> None:
    body = {"mode": "json", "value": 1}

    seen = call(method="POST", body=body, headers={"Content-Type": "application/vnd.x+json", "X-N": 7})

    assert (seen["output"]["headers"]["content-type"], seen["output"]["headers"]["x-n"]) == (
        "application/vnd.x+json",
        "7",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "inside.test"},
        {"Content-Length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Proxy-Authorization": "x"},
        {"X-A": "1\r\nX-B: 2"},
        {"X-A": "1\n2"},
        {"X-A": "\x00"},
        {"X A": "1"},
        {"X-A\r\n": "1"},
        {"": "1"},
        {"X-A": "v" * 9_000},
    ],
)
def test_a_header_that_would_break_or_redirect_the_request_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(NodeConfigError):
        HttpNode({"url": "https://example.com/", "headers": headers})


@pytest.mark.parametrize(
    ("kind", "values", "header"),
    [
        ("bearer", {"token": "open sesame"}, ("authorization", "Bearer open sesame")),
        ("basic", {"username": "ali", "password": "bäbä:1"}, ("authorization", "Basic YWxpOmLDpGLDpDox")),
        ("header", {"name": "X-Key", "value": "open sesame"}, ("x-key", "open sesame")),
    ],
)
def test_a_credential_authenticates_in_a_header(
    kind: str, values: dict[str, str], header: tuple[str, str], raw: RawServer, call: Call
) -> None:
    call(context=context_with(raw, kind, **values), credential="mine")

    assert header in raw.received[0].headers.items()


def test_a_query_credential_authenticates_in_the_url(raw: RawServer, call: Call) -> None:
    call(context=context_with(raw, "query", name="key", value="open&sesame"), credential="mine")

    assert raw.received[0].target == "/echo?key=open%26sesame"


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("api_key", {"api_key": "open sesame"}, "takes bearer, basic, header or query"),
        ("bearer", {"wrong": "open sesame"}, "has no part 'token'"),
        ("bearer", {"token": "open\r\nsesame"}, "cannot stand in a header"),
        ("header", {"name": "Host", "value": "open sesame"}, "set by the client"),
    ],
)
def test_a_credential_that_does_not_fit_is_named_without_its_value(
    kind: str, values: dict[str, str], message: str, raw: RawServer, call: Call
) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        call(context=context_with(raw, kind, **values), credential="mine")

    assert ("'mine'" in str(caught.value), "sesame" in str(caught.value)) == (True, False)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bearer", {"token": 'open "sesame" & ü/+'}),
        ("basic", {"username": "ali", "password": 'open "sesame" & ü/+'}),
        ("header", {"name": "X-Key", "value": 'open "sesame" & /+'}),
        ("query", {"name": "key", "value": 'open "sesame" & ü/+'}),
    ],
)
@pytest.mark.parametrize("form", ["json", "text", "file"])
def test_a_secret_that_the_server_echoes_is_masked_everywhere(
    kind: str, values: dict[str, str], form: str, raw: RawServer, call: Call
) -> None:
    raw.answers["/mirror"] = lambda request: reply(
        json.dumps([request.headers, request.target]).encode(),
        content_type=JSON,
        x_seen=request.target,
        x_authorization=request.headers.get("authorization", ""),
    )
    context = context_with(raw, kind, **{name: value.replace("ü", "u") for name, value in values.items()})

    result = call("/mirror", context=context, credential="mine", response=form)

    assert isinstance(context.files, DictFiles)
    shown = json.dumps(result) + repr(context.files.data)
    assert ("***" in shown, "sesame" in shown, "YWxpOm9wZW4" in shown) == (True, False, False)


def test_a_secret_is_masked_in_an_error(raw: RawServer, call: Call) -> None:
    raw.answers["/no"] = lambda request: reply(
        b"bad key: " + request.headers["authorization"].encode(), status="403 Forbidden"
    )

    with pytest.raises(NodeError) as caught:
        call("/no", context=context_with(raw, "bearer", token="open-sesame"), credential="mine")

    assert str(caught.value) == f"GET {raw.origin}/no answered 403 Forbidden: bad key: Bearer ***"


def test_a_secret_in_the_address_is_not_logged(
    raw: RawServer, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    call(context=context_with(raw, "query", name="key", value="open-sesame"), credential="mine")

    assert (raw.received[0].target, "sesame" in caplog.text) == ("/echo?key=open-sesame", False)


@pytest.mark.parametrize(("asked", "sent"), [(True, "key-1"), (False, None)])
def test_the_idempotency_key_is_sent_when_asked_for(
    asked: bool, sent: str | None, raw: RawServer, call: Call
) -> None:
    context = make_context(f"127.0.0.1:{raw.port}", idempotency_key="key-1")

    call(context=context, method="POST", send_idempotency_key=asked)

    assert raw.received[0].headers.get("idempotency-key") == sent
