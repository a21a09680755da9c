from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from typing import Any

import jsonschema
import pytest

from engine.errors import NodeConfigError, NodeError
from nodes.http_node import HttpNode
from tests.unit.nodes.node_bench import Call, DictFiles, make_context
from tests.unit.nodes.raw_server import RawServer, reply

JSON = "application/json"


def test_a_result_has_body_status_headers_address_and_time(raw: RawServer, call: Call) -> None:
    raw.answers["/json"] = reply(b'{"a": [1, 2.5, null]}', content_type=JSON, x_two="1\r\nx-two: 2")

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
        "url": f"{raw.origin}/json?page=1",
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
    body: bytes, content_type: str | None, output: Any, raw: RawServer, call: Call
) -> None:
    raw.answers["/it"] = reply(body, content_type=content_type)

    assert call("/it")["output"] == output


def test_a_file_is_stored_under_the_servers_name_and_the_output_is_its_link(
    raw: RawServer, call: Call
) -> None:
    disposition = 'attachment; filename="../../etc/r\u00e9port 1.pdf"'
    raw.answers["/file"] = reply(
        b"%PDF \x00", content_type="application/pdf", content_disposition=disposition
    )
    context = make_context(f"127.0.0.1:{raw.port}")

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
    path: str, config: dict[str, Any], name: str, raw: RawServer, call: Call
) -> None:
    raw.answers[path.partition("?")[0]] = reply(b"\x89PNG", content_type="image/png")

    assert call(path, **config)["file"]["name"] == name


def test_a_body_that_is_no_json_is_an_error_that_shows_its_beginning(raw: RawServer, call: Call) -> None:
    raw.answers["/html"] = reply(b"<html>\x1b[31m\n" + b"x" * 5_000, content_type="text/html")

    with pytest.raises(NodeError, match="the answer is no JSON") as caught:
        call("/html", response="json")

    assert caught.value.field == "config.response"
    assert ("<html>?[31m xxx" in str(caught.value), len(str(caught.value)) < 500) == (True, True)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"NaN", b'{"a": Infinity}', b"\xff\xfe\xfd", b"1" * 5_000, b'{"a":']
)
def test_json_that_cannot_be_kept_is_a_clear_error(body: bytes, raw: RawServer, call: Call) -> None:
    raw.answers["/json"] = reply(body, content_type=JSON)

    with pytest.raises(NodeError, match="the answer is no JSON") as caught:
        call("/json")

    assert type(caught.value) is NodeError


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies_are_decoded(encoding: str, raw: RawServer, call: Call) -> None:
    body = gzip.compress(b"hello") if encoding == "gzip" else zlib.compress(b"hello")
    raw.answers["/z"] = reply(body, content_encoding=encoding)

    assert call("/z")["output"] == "hello"


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
        "print(sorted({'httpx', 'httpx', 'openai', 'jsonschema', 'ssl'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=os.getcwd()
    )

    assert done.stdout.strip() == "[]"
