from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from PIL import Image

from engine.errors import NodeConfigError, NodeError, RetryableNodeError
from engine.node import NodeContext
from nodes.image_node import ImageNode
from tests.unit.nodes.node_bench import DictFiles, make_context, run
from tests.unit.nodes.raw_server import RawServer, chunked, reply

PATH = "/v1/images/generations"


def raw_context(raw: RawServer) -> NodeContext:
    return make_context(base_url=f"{raw.origin}/v1")


def pictures(*data: dict[str, Any]) -> bytes:
    return reply(json.dumps({"created": 1, "data": data}).encode(), content_type="application/json")


def read(context: NodeContext) -> dict[str, bytes]:
    assert isinstance(context.files, DictFiles)
    return context.files.data


# "dall-e-3" is answered with addresses, every other model with base64.
@pytest.mark.parametrize("model", ["gpt-image-2", "dall-e-3"])
def test_pictures_are_stored_and_the_output_is_the_link_of_the_first(
    model: str, context: NodeContext
) -> None:
    values = run(
        ImageNode({"prompt": "a lighthouse", "n": 2, "size": "64x32", "model": model}), context
    ).values

    stored = read(context)
    assert list(stored) == ["call-1.png", "call-2.png"]
    sizes = [Image.open(io.BytesIO(data)).size for data in stored.values()]
    assert sizes == [(64, 32), (64, 32)]
    assert values == {
        "output": "https://files.test/call-1.png",
        "images": [
            {
                "name": name,
                "url": f"https://files.test/{name}",
                "content_type": "image/png",
                "size_bytes": len(data),
                "key": name,
            }
            for name, data in stored.items()
        ],
        "model": model,
        "revised_prompt": "[synthetic picture] a lighthouse",
        "usage": values["usage"],
    }


@pytest.mark.parametrize(
    ("output_format", "extension", "kind"), [("jpeg", "jpg", "JPEG"), ("webp", "webp", "WEBP")]
)
def test_a_picture_is_named_by_what_it_is(
    output_format: str, extension: str, kind: str, context: NodeContext
) -> None:
    run(ImageNode({"prompt": "a cat", "size": "64x64", "output_format": output_format}), context)

    ((name, data),) = read(context).items()
    assert (name, Image.open(io.BytesIO(data)).format) == (f"call-1.{extension}", kind)


def test_only_what_differs_from_the_servers_defaults_is_sent(raw: RawServer) -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    raw.answers[PATH] = pictures({"b64_json": png})

    run(ImageNode({"prompt": "a cat"}), raw_context(raw))
    run(
        ImageNode(
            {"prompt": "a cat", "quality": "high", "background": "transparent", "output_format": "webp"}
        ),
        raw_context(raw),
    )

    least = {"prompt": "a cat", "model": "gpt-image-2.5-flare", "n": 1, "size": "1024x1024"}
    assert [json.loads(request.body) for request in raw.received] == [
        least,
        {**least, "quality": "high", "background": "transparent", "output_format": "webp"},
    ]


def test_a_picture_on_another_host_is_not_fetched(raw: RawServer) -> None:
    with RawServer({"/p.png": reply(b"inside")}) as inside:
        raw.answers[PATH] = pictures({"url": f"{inside.origin}/p.png"})

        with pytest.raises(NodeError, match="pictures are fetched from the model server") as caught:
            run(ImageNode({"prompt": "a cat"}), raw_context(raw))

        assert (type(caught.value), inside.received) == (NodeError, [])


def test_a_redirect_of_a_pictures_address_is_not_followed(raw: RawServer) -> None:
    raw.answers[PATH] = pictures({"url": f"{raw.origin}/p.png"})
    raw.answers["/p.png"] = reply(status="302 Found", location="http://169.254.169.254/")

    with pytest.raises(RetryableNodeError, match="the picture's address answered 302"):
        run(ImageNode({"prompt": "a cat"}), raw_context(raw))


def test_a_pictures_address_gets_no_key(raw: RawServer) -> None:
    raw.answers[PATH] = pictures({"url": f"{raw.origin}/p.png"})
    raw.answers["/p.png"] = reply(b"\x89PNG\r\n\x1a\n", content_type="image/png")

    run(ImageNode({"prompt": "a cat"}), raw_context(raw))

    assert ["authorization" in request.headers for request in raw.received] == [True, False]


def test_a_picture_without_end_is_given_up(raw: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodes.image_openai.MAX_PICTURE_BYTES", 100_000)
    raw.answers[PATH] = pictures({"url": f"{raw.origin}/p.png"})

    def blocks() -> Iterator[bytes]:
        while not raw.stopping.is_set():
            yield b"x" * 10_000

    raw.answers["/p.png"] = lambda request: chunked(blocks())

    with pytest.raises(NodeError, match="the picture has more than 100,000 bytes"):
        run(ImageNode({"prompt": "a cat"}), raw_context(raw))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "the model server's picture is empty"),
        ({"b64_json": "%%%"}, "is no base64"),
        ({"b64_json": "ü"}, "is no base64"),
        ({"b64_json": base64.b64encode(b"<html>").decode()}, "6 bytes that are no picture"),
        ({"b64_json": 7}, "is no list of pictures"),
        ({"url": "http://[::1"}, "no valid address"),
    ],
)
def test_a_reply_that_is_no_picture_is_retryable(data: dict[str, Any], message: str, raw: RawServer) -> None:
    raw.answers[PATH] = pictures(data)

    with pytest.raises(RetryableNodeError, match=message) as caught:
        run(ImageNode({"prompt": "a cat"}), raw_context(raw))

    assert caught.value.node_id == "call"


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("[[fault:429:3]]", RetryableNodeError),
        ("[[fault:500]]", RetryableNodeError),
        ("[[fault:garbage]]", RetryableNodeError),
        ("[[fault:400]]", NodeError),
        ("[[fault:401]]", NodeError),
    ],
)
def test_a_fault_of_the_model_server_is_retryable_where_it_may_pass(
    prompt: str, kind: type[NodeError], context: NodeContext
) -> None:
    with pytest.raises(NodeError) as caught:
        run(ImageNode({"prompt": prompt}), context)

    assert (type(caught.value), read(context)) == (kind, {})


@pytest.mark.parametrize(
    "config",
    [{}, {"prompt": ""}, {"prompt": "a", "size": "big"}, {"prompt": "a", "n": 11}, {"prompt": "a", "n": "2"}],
)
def test_a_config_that_does_not_fit_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(NodeConfigError):
        ImageNode(config)


def test_a_transparent_jpeg_is_a_problem_of_the_document() -> None:
    config = {"prompt": "a", "background": "transparent", "output_format": "jpeg"}

    assert ImageNode.check_config(config) == [
        ("config.background", "transparent needs output_format png or webp")
    ]


def test_the_schemas_are_json_schemas_with_a_title_for_each_field() -> None:
    schema = ImageNode.get_config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(ImageNode.get_output_schema())

    assert all("title" in field for field in schema["properties"].values())
