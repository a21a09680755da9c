"""Bodies that are no usable JSON: each is a problem document, none is an error of ours."""

from __future__ import annotations

import json

import pytest

from functions.api.body import MAX_BODY_BYTES
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import node

PATHS = [("POST", "/workflows/"), ("POST", "/workflows/validate"), ("PUT", "/credentials/mine")]
GOOD = json.dumps({"name": "N", "nodes": [node("a", value=1)]})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not usable JSON"),
        (b"\xff\xfe\x00", "it is not text in UTF-16"),
        (b"\x80abc", "it is not text in UTF-8 at byte 0"),
        (b"null", "must be a JSON object, not null"),
        (b"[1]", "must be a JSON object, not an array"),
        (b'"text"', "must be a JSON object, not a string"),
        (b"1", "must be a JSON object, not a number"),
        (b'{"name": NaN}', "NaN is not JSON"),
        (b'{"name": -Infinity}', "-Infinity is not JSON"),
        (b'{"name": 1e999}', "larger than 64 bits of floating point"),
        (b'{"name": "a", "name": "b"}', "the key 'name' stands twice"),
        (b'{"name": "\\ud800"}', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b'{"name": ' + b"[" * 100 + b"]" * 100 + b"}", "nested deeper than 64 levels"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b'{"name": ' + b"9" * 5_000 + b"}", "a number in it is too long"),
    ],
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_body_that_is_no_json_object_is_refused_with_the_reason(
    bench: ApiBench, method: str, path: str, body: bytes, told: str
) -> None:
    answer = bench.send(method, path, content=body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told in problem["detail"]
    assert problem["problems"][0]["field"] == "body"


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_body_over_the_limit_is_too_large(bench: ApiBench, method: str, path: str) -> None:
    answer = bench.send(method, path, content=b" " * 10_000_000)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:mini-n8n:problem:too-large")
    assert f"over the limit of {MAX_BODY_BYTES:,}" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_an_empty_body_is_an_empty_object(bench: ApiBench, body: bytes) -> None:
    answer = bench.send("POST", "/workflows/", content=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:mini-n8n:problem:invalid-document")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_in_any_unicode_encoding_is_read(bench: ApiBench, encoding: str) -> None:
    assert bench.send("POST", "/workflows/", content=GOOD.encode(encoding)).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense", ""])
def test_json_is_read_whatever_the_content_type_says(bench: ApiBench, kind: str) -> None:
    answer = bench.send("POST", "/workflows/", content=GOOD.encode(), headers={"Content-Type": kind})
    assert answer.status_code == 201


def test_wrong_types_and_unknown_fields_name_node_and_field(bench: ApiBench) -> None:
    document = {
        "name": 5,
        "nodes": [{"id": "a", "type": "call", "config": [], "colour": "red"}],
        "settings": {"timeout_seconds": "long"},
        "extra": 1,
    }
    problems = bench.send("POST", "/workflows/", json=document).json()["problems"]
    assert {(item["node"], item["field"]) for item in problems} >= {
        (None, "name"),
        (None, "extra"),
        (None, "settings.timeout_seconds"),
        ("a", "config"),
        ("a", "colour"),
    }
    assert all(item["message"] and item["code"] for item in problems)
