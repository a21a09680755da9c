from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.webhook import Body, Upload, WebhookError, read_body
from engine.webhook.multipart import MAX_PARTS, Part, read_multipart

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("data", "content_type", "value"),
    [
        (b"", "application/json", None),
        (b'{"a": [1, null]}', "application/json; charset=utf-8", {"a": [1, None]}),
        (b"[1]", "application/cloudevents+json", [1]),
        (b"a=1&a=2&b=%C3%BC&c=", FORM, {"a": ["1", "2"], "b": "ü", "c": ""}),
        ("grüß".encode(), "text/plain", "grüß"),
        (b"plain", "", "plain"),
    ],
)
def test_a_body_is_read_as_its_type_says(data: bytes, content_type: str, value: Any) -> None:
    assert read_body(data, content_type, raw=False) == Body(value)


def test_a_raw_body_stays_text() -> None:
    assert read_body(b'{"a": 1}', "application/json", raw=True) == Body('{"a": 1}')


@pytest.mark.parametrize(("data", "kind"), [(b"\xff\xfe", "text/plain"), (b"%PDF", "application/pdf")])
def test_what_is_no_text_is_a_file(data: bytes, kind: str) -> None:
    assert read_body(data, kind, raw=False) == Body(None, (Upload(None, "body", kind, data),))


@pytest.mark.parametrize(
    "data",
    [b"{", b"NaN", b'"\\ud800"', b'{"\\udfff": 1}', b"[" * 100_000, b"[" * 65 + b"]" * 65, b"\xff"],
)
def test_json_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(WebhookError) as error:
        read_body(data, "application/json", raw=False)
    assert (error.value.status, error.value.kind) == (400, "invalid-body")


def part(name: str, data: bytes, *, extra: str = "", kind: str | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"{extra}\r\n'
    return head.encode() + (f"Content-Type: {kind}\r\n".encode() if kind else b"") + b"\r\n" + data


def form(*parts: bytes, boundary: bytes = b"XX") -> bytes:
    return (
        b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + boundary + b"--\r\n"
    )


def test_a_form_has_fields_and_files() -> None:
    data = form(
        part("note", "zwölf".encode()),
        part("note", b"2"),
        part("scan", b"\x00\r\n\xff", extra='; filename="a b.png"', kind="image/png"),
        part("scan", b"", extra="; filename*=UTF-8''%C3%BC.txt"),
    )
    assert read_body(data, 'multipart/form-data; boundary="XX"', raw=False) == Body(
        {"note": ["zwölf", "2"]},
        (
            Upload("scan", "a b.png", "image/png", b"\x00\r\n\xff"),
            Upload("scan", "ü.txt", "text/plain", b""),
        ),
    )


@given(st.lists(st.binary(max_size=60).filter(lambda data: b"--XX" not in data), min_size=1, max_size=5))
def test_any_bytes_come_out_of_a_form_as_they_went_in(contents: list[bytes]) -> None:
    parts = read_multipart(form(*(part("f", data) for data in contents)), "multipart/form-data; boundary=XX")
    assert parts == tuple(Part("f", None, "text/plain", data) for data in contents)


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (form(part("a", b"1")), "multipart/form-data"),
        (form(part("a", b"1")), "multipart/form-data; boundary=YY"),
        (form(part("a", b"1"))[:-6], "multipart/form-data; boundary=XX"),
        (form(b"no headers"), "multipart/form-data; boundary=XX"),
        (form(b"Content-Type: text/plain\r\n\r\nx"), "multipart/form-data; boundary=XX"),
        (form(*[part("a", b"1")] * (MAX_PARTS + 1)), "multipart/form-data; boundary=XX"),
        (b"&".join([b"a=1"] * 1_001), FORM),
    ],
)
def test_a_form_that_is_none_is_refused(data: bytes, content_type: str) -> None:
    with pytest.raises(WebhookError) as error:
        read_body(data, content_type, raw=False)
    assert error.value.status == 400
