from __future__ import annotations

import gzip
import itertools
import json
import os
import random
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

from engine.errors import NodeConfigError, NodeError, RetryableNodeError
from engine.node import NodeContext
from nodes.http_node import HttpNode
from tests.unit.nodes.node_bench import DictFiles, make_context, make_credential, run
from tests.unit.nodes.raw_server import RawServer, Received, Reset, chunked, reply

JSON = "application/json"


def echo(request: Received) -> bytes:
    """What was received, as JSON."""
    seen = {
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        "body": request.body.decode("utf-8", "replace"),
    }
    return reply(json.dumps(seen).encode(), content_type=JSON)


def reset(request: Received) -> bytes:
    raise Reset


@pytest.fixture(scope="module")
def shared() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture
def server(shared: RawServer) -> RawServer:
    shared.answers = {"/echo": echo}
    shared.received.clear()
    return shared


@pytest.fixture
def call(server: RawServer) -> Callable[..., dict[str, Any]]:
    """Runs the node on a path of the server; the values of its result."""

    def send(path: str = "/echo", context: NodeContext | None = None, **config: Any) -> dict[str, Any]:
        allowed = context or make_context(f"127.0.0.1:{server.port}")
        node = HttpNode({"url": server.origin + path, "timeout_seconds": 5, **config})
        return run(node, allowed).values

    return send


Call = Callable[..., dict[str, Any]]


def context_with(server: RawServer, kind: str, **values: str) -> NodeContext:
    return make_context(f"127.0.0.1:{server.port}", credential=make_credential(kind, **values))


# --- what is sent ---


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_method_is_sent(method: str, call: Call) -> None:
    assert call(method=method)["output"]["method"] == method


def test_head_gives_headers_and_no_body(server: RawServer, call: Call) -> None:
    server.answers["/head"] = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\ncontent-encoding: br\r\n\r\n"

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
    body: dict[str, Any], message: str, call: Call, server: RawServer
) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        call(method="POST", body=body)

    assert (caught.value.field, server.received) == ("config.body.value", [])


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
    kind: str, values: dict[str, str], header: tuple[str, str], server: RawServer, call: Call
) -> None:
    call(context=context_with(server, kind, **values), credential="mine")

    assert header in server.received[0].headers.items()


def test_a_query_credential_authenticates_in_the_url(server: RawServer, call: Call) -> None:
    call(context=context_with(server, "query", name="key", value="open&sesame"), credential="mine")

    assert server.received[0].target == "/echo?key=open%26sesame"


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
    kind: str, values: dict[str, str], message: str, server: RawServer, call: Call
) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        call(context=context_with(server, kind, **values), credential="mine")

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
    kind: str, values: dict[str, str], form: str, server: RawServer, call: Call
) -> None:
    server.answers["/mirror"] = lambda request: reply(
        json.dumps([request.headers, request.target]).encode(),
        content_type=JSON,
        x_seen=request.target,
        x_authorization=request.headers.get("authorization", ""),
    )
    context = context_with(server, kind, **{name: value.replace("ü", "u") for name, value in values.items()})

    result = call("/mirror", context=context, credential="mine", response=form)

    assert isinstance(context.files, DictFiles)
    shown = json.dumps(result) + repr(context.files.data)
    assert ("***" in shown, "sesame" in shown, "YWxpOm9wZW4" in shown) == (True, False, False)


def test_a_secret_is_masked_in_an_error(server: RawServer, call: Call) -> None:
    server.answers["/no"] = lambda request: reply(
        b"bad key: " + request.headers["authorization"].encode(), status="403 Forbidden"
    )

    with pytest.raises(NodeError) as caught:
        call("/no", context=context_with(server, "bearer", token="open-sesame"), credential="mine")

    assert str(caught.value) == f"GET {server.origin}/no answered 403 Forbidden: bad key: Bearer ***"


def test_a_secret_in_the_address_is_not_logged(
    server: RawServer, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    call(context=context_with(server, "query", name="key", value="open-sesame"), credential="mine")

    assert (server.received[0].target, "sesame" in caplog.text) == ("/echo?key=open-sesame", False)


@pytest.mark.parametrize(("asked", "sent"), [(True, "key-1"), (False, None)])
def test_the_idempotency_key_is_sent_when_asked_for(
    asked: bool, sent: str | None, server: RawServer, call: Call
) -> None:
    context = make_context(f"127.0.0.1:{server.port}", idempotency_key="key-1")

    call(context=context, method="POST", send_idempotency_key=asked)

    assert server.received[0].headers.get("idempotency-key") == sent


# --- what comes back ---


def test_a_result_has_body_status_headers_address_and_time(server: RawServer, call: Call) -> None:
    server.answers["/json"] = reply(b'{"a": [1, 2.5, null]}', content_type=JSON, x_two="1\r\nx-two: 2")

    values = call("/json?page=1")

    elapsed = values.pop("elapsed_ms")
    assert 0 <= elapsed < 5_000
    assert values == {
        "output": {"a": [1, 2.5, None]},
        "status_code": 200,
        "headers": {
            "content-length": "21",
            "connection": "close",
            "content-type": JSON,
            "x-two": "1, 2",
        },
        "url": f"{server.origin}/json?page=1",
    }


@pytest.mark.parametrize(
    ("body", "content_type", "output"),
    [
        (b'{"a":1}', "application/json", {"a": 1}),
        (b'{"a":1}', "application/problem+json; charset=utf-8", {"a": 1}),
        (b"\xef\xbb\xbf[1]", "application/json", [1]),
        (b'"\\ud800x"', "application/json", "\ufffdx"),
        (b"", "application/json", None),
        (b"h\xc3\xa9", "text/plain", "hé"),
        (b"h\xe9", "text/plain; charset=latin-1", "hé"),
        (b"h\xe9", "text/plain; charset=no-such-thing", "h\ufffd"),
        (b"xn--", "text/plain; charset=idna", "xn--"),
        (b"x\x9c", "text/plain; charset=zlib_codec", "x\ufffd"),
        (b"<a/>", "application/atom+xml", "<a/>"),
        (b"plain", None, "plain"),
        (b"", None, ""),
        (b"", "application/octet-stream", ""),
    ],
)
def test_an_answer_is_read_by_its_content_type(
    body: bytes, content_type: str | None, output: Any, server: RawServer, call: Call
) -> None:
    server.answers["/it"] = reply(body, content_type=content_type)

    assert call("/it")["output"] == output


def test_a_file_is_stored_under_the_servers_name_and_the_output_is_its_link(
    server: RawServer, call: Call
) -> None:
    disposition = 'attachment; filename="../../etc/r\u00e9port 1.pdf"'
    server.answers["/file"] = reply(
        b"%PDF \x00", content_type="application/pdf", content_disposition=disposition
    )
    context = make_context(f"127.0.0.1:{server.port}")

    values = call("/file", context=context)

    assert isinstance(context.files, DictFiles)
    (name,) = context.files.data
    assert (values["output"], values["file"]["content_type"]) == (
        f"https://files.test/{name}",
        "application/pdf",
    )
    assert ("/" in name, name.endswith("port 1.pdf"), values["file"]["size_bytes"]) == (False, True, 6)


@pytest.mark.parametrize(
    ("path", "config", "name"),
    [
        ("/a/b/picture.png?x=1", {}, "picture.png"),
        ("/a/b/picture", {}, "picture.png"),
        ("/", {}, "download.png"),
        ("/a/%2e%2e%2f..%5cwin.png", {}, "win.png"),
        ("/x", {"file_name": "mine.bin"}, "mine.bin"),
    ],
)
def test_a_file_without_a_name_is_named_after_its_address(
    path: str, config: dict[str, Any], name: str, server: RawServer, call: Call
) -> None:
    server.answers[path.partition("?")[0]] = reply(b"\x89PNG", content_type="image/png")

    assert call(path, **config)["file"]["name"] == name


def test_a_body_that_is_no_json_is_an_error_that_shows_its_beginning(server: RawServer, call: Call) -> None:
    server.answers["/html"] = reply(b"<html>\x1b[31m\n" + b"x" * 5_000, content_type="text/html")

    with pytest.raises(NodeError, match="the answer is no JSON") as caught:
        call("/html", response="json")

    assert caught.value.field == "config.response"
    assert ("<html>?[31m xxx" in str(caught.value), len(str(caught.value)) < 500) == (True, True)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"NaN", b'{"a": Infinity}', b"\xff\xfe\xfd", b"1" * 5_000, b'{"a":']
)
def test_json_that_cannot_be_kept_is_a_clear_error(body: bytes, server: RawServer, call: Call) -> None:
    server.answers["/json"] = reply(body, content_type=JSON)

    with pytest.raises(NodeError, match="the answer is no JSON") as caught:
        call("/json")

    assert type(caught.value) is NodeError


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies_are_decoded(encoding: str, server: RawServer, call: Call) -> None:
    body = gzip.compress(b"hello") if encoding == "gzip" else zlib.compress(b"hello")
    server.answers["/z"] = reply(body, content_encoding=encoding)

    assert call("/z")["output"] == "hello"


# --- what fails, and whether it is tried again ---


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        ("GET", 429, RetryableNodeError),
        ("POST", 429, RetryableNodeError),
        ("GET", 500, RetryableNodeError),
        ("GET", 502, RetryableNodeError),
        ("GET", 503, RetryableNodeError),
        ("GET", 504, RetryableNodeError),
        ("GET", 599, RetryableNodeError),
        ("GET", 408, RetryableNodeError),
        ("PUT", 503, RetryableNodeError),
        ("POST", 500, NodeError),
        ("POST", 503, NodeError),
        ("PATCH", 502, NodeError),
        ("GET", 501, NodeError),
        ("GET", 505, NodeError),
        ("GET", 400, NodeError),
        ("GET", 401, NodeError),
        ("GET", 404, NodeError),
        ("GET", 304, NodeError),
        ("POST", 408, NodeError),
    ],
)
def test_a_status_is_retryable_where_it_may_pass_and_asking_again_does_no_harm(
    method: str, status: int, kind: type[NodeError], server: RawServer, call: Call
) -> None:
    server.answers["/s"] = reply(b"sorry" if status != 304 else b"", status=f"{status} Why")

    with pytest.raises(NodeError) as caught:
        call("/s", method=method)

    said = "sorry" if status != 304 else ""
    assert str(caught.value) == f"{method} {server.origin}/s answered {status} Why: {said}"
    assert (type(caught.value), caught.value.node_id) == (kind, "call")


def test_a_post_with_an_idempotency_key_is_tried_again_like_a_get(server: RawServer, call: Call) -> None:
    server.answers["/s"] = reply(status="503 Busy")

    with pytest.raises(RetryableNodeError):
        call("/s", method="POST", send_idempotency_key=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "-5"}, 0.0),
        ({"retry_after": "1e400"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "999999999"}, 86_400.0),
        (
            {
                "retry_after": "Wed, 21 Oct 2015 07:28:30 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
        (
            {
                "retry_after": "Wed, 21 Oct 2015 07:27:00 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            0.0,
        ),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:30 GMT"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_the_server_asks_for_is_passed_on(
    headers: dict[str, str], seconds: float | None, server: RawServer, call: Call
) -> None:
    server.answers["/busy"] = reply(status="429 Too Many Requests", **headers)

    with pytest.raises(RetryableNodeError) as caught:
        call("/busy")

    assert caught.value.retry_after_seconds == seconds


def test_an_error_status_is_a_result_when_asked_for(server: RawServer, call: Call) -> None:
    server.answers["/gone"] = reply(b'{"why": "gone"}', status="410 Gone", content_type=JSON)

    values = call("/gone", fail_on_status=False)

    assert (values["status_code"], values["output"]) == (410, {"why": "gone"})


def test_a_redirect_is_a_result_when_redirects_are_not_followed(server: RawServer, call: Call) -> None:
    server.answers["/r"] = reply(status="302 Found", location="http://127.0.0.1:1/inside")

    values = call("/r", follow_redirects=False)

    assert (values["status_code"], values["headers"]["location"]) == (302, "http://127.0.0.1:1/inside")


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [("303 See Other", "GET", ""), ("307 Temporary Redirect", "POST", '{"a":1}')],
)
def test_a_redirect_keeps_or_drops_method_and_body_as_its_status_says(
    status: str, method: str, body: str, server: RawServer, call: Call
) -> None:
    server.answers["/r"] = reply(status=status, location="/echo")

    values = call("/r", method="POST", body={"value": {"a": 1}})

    assert (values["output"]["method"], values["output"]["body"]) == (method, body)
    assert values["url"] == f"{server.origin}/echo"


@pytest.mark.parametrize(
    ("method", "kind"), [("GET", RetryableNodeError), ("DELETE", RetryableNodeError), ("POST", NodeError)]
)
@pytest.mark.parametrize(
    "answer",
    [
        reset,
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5_000 + b"\r\n\r\n",
    ],
)
def test_a_broken_answer_is_retryable_only_where_repeating_does_no_harm(
    answer: Any, method: str, kind: type[NodeError], server: RawServer, call: Call
) -> None:
    server.answers["/broken"] = answer

    with pytest.raises(NodeError) as caught:
        call("/broken", method=method)

    too_large = "more than" in str(caught.value)
    assert type(caught.value) is (NodeError if too_large else kind)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_never_was_is_retryable_for_every_method(method: str) -> None:
    with RawServer() as closed:
        port = closed.port

    with pytest.raises(RetryableNodeError, match="no connection"):
        run(
            HttpNode({"url": f"http://127.0.0.1:{port}/", "method": method}),
            make_context(f"127.0.0.1:{port}"),
        )


def hang(server: RawServer) -> Callable[[Received], bytes]:
    def wait(request: Received) -> bytes:
        server.stopping.wait(10)
        return b""

    return wait


def drip(server: RawServer) -> Callable[[Received], Iterator[bytes]]:
    def trickle(request: Received) -> Iterator[bytes]:
        def pieces() -> Iterator[bytes]:
            while not server.stopping.wait(0.05):
                yield b"x"

        return chunked(pieces())

    return trickle


def endless_head(server: RawServer) -> Callable[[Received], Iterator[bytes]]:
    def trickle(request: Received) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while not server.stopping.wait(0.05):
            yield b"x-more: 1\r\n"

    return trickle


def endless_interim(server: RawServer) -> Callable[[Received], Iterator[bytes]]:
    def trickle(request: Received) -> Iterator[bytes]:
        while not server.stopping.wait(0.01):
            yield b"HTTP/1.1 103 Early Hints\r\n\r\n"

    return trickle


def endless_nothing(server: RawServer) -> Callable[[Received], Iterator[bytes]]:
    """Compressed data without end that decodes to no byte at all."""
    start, empty_blocks = gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 1_000

    def trickle(request: Received) -> Iterator[bytes]:
        return chunked(itertools.chain([start], itertools.repeat(empty_blocks)), content_encoding="gzip")

    return trickle


@pytest.mark.parametrize("slow", [hang, drip, endless_head, endless_interim, endless_nothing])
@pytest.mark.parametrize(("method", "kind"), [("GET", RetryableNodeError), ("POST", NodeError)])
def test_an_answer_that_never_ends_is_given_up_in_time(
    slow: Any, method: str, kind: type[NodeError], server: RawServer, call: Call
) -> None:
    server.answers["/slow"] = slow(server)

    with pytest.raises(NodeError, match=r"no complete answer within 0\.4 s") as caught:
        call("/slow", method=method, timeout_seconds=0.4)

    assert type(caught.value) is kind


def gzip_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(size // 1_000_000)) + packer.flush()


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"x" * 1_000_001),
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000001\r\n\r\n",
        lambda request: chunked(itertools.repeat(b"x" * 65_536)),
        reply(gzip_bomb(200_000_000), content_encoding="gzip"),
    ],
    ids=["long", "announced", "endless", "bomb"],
)
def test_a_body_over_the_limit_is_given_up(answer: Any, server: RawServer, call: Call) -> None:
    server.answers["/big"] = answer

    with pytest.raises(NodeError, match="more than 1,000,000 bytes") as caught:
        call("/big")

    assert type(caught.value) is NodeError


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x-unknown"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str, server: RawServer, call: Call) -> None:
    server.answers["/z"] = reply(gzip.compress(gzip.compress(b"x")), content_encoding=encoding)

    with pytest.raises(NodeError, match="not asked for"):
        call("/z")


def test_a_body_that_is_not_encoded_as_announced_is_an_error(server: RawServer, call: Call) -> None:
    server.answers["/z"] = reply(b"not gzip", content_encoding="gzip")

    with pytest.raises(NodeError, match="not encoded as its header says"):
        call("/z")


def test_headers_beyond_any_reason_are_given_up(server: RawServer, call: Call) -> None:
    server.answers["/h"] = b"HTTP/1.1 200 OK\r\n" + b"x-a: " + b"x" * 300_000 + b"\r\n\r\n"

    with pytest.raises(RetryableNodeError, match="the connection broke"):
        call("/h")


def test_random_garbage_gives_a_result_or_a_node_error_and_nothing_else(
    server: RawServer, call: Call
) -> None:
    source = random.Random(7)
    heads = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\n", b"HTTP/1.1 2", b""]
    names = [
        b"content-type: ",
        b"content-disposition: attachment; filename*=",
        b"location: ",
        b"set-cookie: ",
        b"refresh: ",
    ]
    for _ in range(150):
        lines = [source.choice(names) + _noise(source, 40) + b"\r\n" for _ in range(source.randint(0, 4))]
        server.answers["/g"] = source.choice(heads) + b"".join(lines) + b"\r\n" + _noise(source, 200)
        try:
            values = call("/g", fail_on_status=False, timeout_seconds=2)
        except NodeError:
            continue
        json.dumps(values).encode()


def _noise(source: random.Random, length: int) -> bytes:
    data = bytes(source.choices(range(256), k=source.randint(0, length)))
    return data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")


# --- the form ---


def test_the_schemas_are_json_schemas_with_a_title_for_each_field() -> None:
    schema = HttpNode.get_config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(HttpNode.get_output_schema())

    assert all("title" in field for field in schema["properties"].values())
    assert schema["required"] == ["url"]


@pytest.mark.parametrize(
    "config", [{"url": 1}, {"query": {"a": {"b": 1}}}, {"max_redirects": "3"}, {"follow_redirects": "yes"}]
)
def test_values_of_config_are_not_coerced(config: dict[str, Any]) -> None:
    with pytest.raises(NodeConfigError):
        HttpNode({"url": "https://example.com/", **config})


@pytest.mark.parametrize(
    ("url", "problems"),
    [
        ("https://example.com/{{ a.output }}", []),
        ("{{ base }}/x", []),
        ("https://{{ host }}/x", []),
        ("ftp://example.com/", [("config.url", "must begin with http:// or https://")]),
        ("example.com", [("config.url", "must begin with http:// or https://")]),
        (
            "https://a:b@example.com/",
            [("config.url", "must not carry a user name or password; use a credential")],
        ),
        (7, []),
    ],
)
def test_a_url_is_checked_when_it_is_written_out(url: Any, problems: list[tuple[str, str]]) -> None:
    assert HttpNode.check_config({"url": url}) == problems


def test_importing_a_node_loads_no_client() -> None:
    script = (
        "import sys; import nodes.http_node, nodes.llm_node, nodes.image_node, nodes.video_node;"
        "print(sorted({'httpx', 'httpx2', 'openai', 'jsonschema', 'ssl'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=os.getcwd()
    )

    assert done.stdout.strip() == "[]"
