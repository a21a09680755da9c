from __future__ import annotations

import gzip
import itertools
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.errors import NodeError, RetryableNodeError
from engine.json_value import dump_json
from nodes.http_node import HttpNode
from tests.unit.nodes.node_bench import Call, make_context, run
from tests.unit.nodes.raw_server import RawServer, Received, chunked, reply, reset


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
    method: str, status: int, kind: type[NodeError], raw: RawServer, call: Call
) -> None:
    raw.answers["/s"] = reply(b"sorry" if status != 304 else b"", status=f"{status} Why")

    with pytest.raises(NodeError) as caught:
        call("/s", method=method)

    said = "sorry" if status != 304 else ""
    assert str(caught.value) == f"{method} {raw.origin}/s answered {status} Why: {said}"
    assert (type(caught.value), caught.value.node_id) == (kind, "call")


def test_a_post_with_an_idempotency_key_is_tried_again_like_a_get(raw: RawServer, call: Call) -> None:
    raw.answers["/s"] = reply(status="503 Busy")

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
    headers: dict[str, str], seconds: float | None, raw: RawServer, call: Call
) -> None:
    raw.answers["/busy"] = reply(status="429 Too Many Requests", **headers)

    with pytest.raises(RetryableNodeError) as caught:
        call("/busy")

    assert caught.value.retry_after_seconds == seconds


def test_an_error_status_is_a_result_when_asked_for(raw: RawServer, call: Call) -> None:
    raw.answers["/gone"] = reply(b'{"why": "gone"}', status="410 Gone", content_type="application/json")

    values = call("/gone", fail_on_status=False)

    assert (values["status_code"], values["output"]) == (410, {"why": "gone"})


def test_a_redirect_is_a_result_when_redirects_are_not_followed(raw: RawServer, call: Call) -> None:
    raw.answers["/r"] = reply(status="302 Found", location="http://127.0.0.1:1/inside")

    values = call("/r", follow_redirects=False)

    assert (values["status_code"], values["headers"]["location"]) == (302, "http://127.0.0.1:1/inside")


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [("303 See Other", "GET", ""), ("307 Temporary Redirect", "POST", '{"a":1}')],
)
def test_a_redirect_keeps_or_drops_method_and_body_as_its_status_says(
    status: str, method: str, body: str, raw: RawServer, call: Call
) -> None:
    raw.answers["/r"] = reply(status=status, location="/echo")

    values = call("/r", method="POST", body={"value": {"a": 1}})

    assert (values["output"]["method"], values["output"]["body"]) == (method, body)
    assert values["url"] == f"{raw.origin}/echo"


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
    answer: Any, method: str, kind: type[NodeError], raw: RawServer, call: Call
) -> None:
    raw.answers["/broken"] = answer

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


def hang(raw: RawServer) -> Callable[[Received], bytes]:
    def wait(request: Received) -> bytes:
        raw.stopping.wait(10)
        return b""

    return wait


def drip(raw: RawServer) -> Callable[[Received], Iterator[bytes]]:
    def trickle(request: Received) -> Iterator[bytes]:
        def pieces() -> Iterator[bytes]:
            while not raw.stopping.wait(0.05):
                yield b"x"

        return chunked(pieces())

    return trickle


def endless_head(raw: RawServer) -> Callable[[Received], Iterator[bytes]]:
    def trickle(request: Received) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while not raw.stopping.wait(0.05):
            yield b"x-more: 1\r\n"

    return trickle


def endless_interim(raw: RawServer) -> Callable[[Received], Iterator[bytes]]:
    def trickle(request: Received) -> Iterator[bytes]:
        while not raw.stopping.wait(0.01):
            yield b"HTTP/1.1 103 Early Hints\r\n\r\n"

    return trickle


def endless_nothing(raw: RawServer) -> Callable[[Received], Iterator[bytes]]:
    """Compressed data without end that decodes to no byte at all."""
    start, empty_blocks = gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 1_000

    def trickle(request: Received) -> Iterator[bytes]:
        return chunked(itertools.chain([start], itertools.repeat(empty_blocks)), content_encoding="gzip")

    return trickle


@pytest.mark.parametrize("slow", [hang, drip, endless_head, endless_interim, endless_nothing])
@pytest.mark.parametrize(("method", "kind"), [("GET", RetryableNodeError), ("POST", NodeError)])
def test_an_answer_that_never_ends_is_given_up_in_time(
    slow: Any, method: str, kind: type[NodeError], raw: RawServer, call: Call
) -> None:
    raw.answers["/slow"] = slow(raw)

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
        reply(gzip_bomb(20_000_000), content_encoding="gzip"),
    ],
    ids=["long", "announced", "endless", "bomb"],
)
def test_a_body_over_the_limit_is_given_up(answer: Any, raw: RawServer, call: Call) -> None:
    raw.answers["/big"] = answer

    with pytest.raises(NodeError, match="more than 1,000,000 bytes") as caught:
        call("/big")

    assert type(caught.value) is NodeError


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x-unknown"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str, raw: RawServer, call: Call) -> None:
    raw.answers["/z"] = reply(gzip.compress(gzip.compress(b"x")), content_encoding=encoding)

    with pytest.raises(NodeError, match="not asked for"):
        call("/z")


def test_a_body_that_is_not_encoded_as_announced_is_an_error(raw: RawServer, call: Call) -> None:
    raw.answers["/z"] = reply(b"not gzip", content_encoding="gzip")

    with pytest.raises(NodeError, match="not encoded as its header says"):
        call("/z")


def test_headers_beyond_any_reason_are_given_up(raw: RawServer, call: Call) -> None:
    raw.answers["/h"] = b"HTTP/1.1 200 OK\r\n" + b"x-a: " + b"x" * 300_000 + b"\r\n\r\n"

    with pytest.raises(RetryableNodeError, match="the connection broke"):
        call("/h")


def test_random_garbage_gives_a_result_or_a_node_error_and_nothing_else(raw: RawServer, call: Call) -> None:
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
        raw.answers["/g"] = source.choice(heads) + b"".join(lines) + b"\r\n" + _noise(source, 200)
        try:
            values = call("/g", fail_on_status=False, timeout_seconds=2)
        except NodeError:
            continue
        dump_json(values).encode()


def _noise(source: random.Random, length: int) -> bytes:
    data = bytes(source.choices(range(256), k=source.randint(0, length)))
    return data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
