"""Ordering pictures from an OpenAI-compatible server, and getting their bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from engine.json_value import JsonObject
from nodes.base import Field, NodeContext, NodeError, RetryableNodeError
from nodes.image_config import ImageConfig
from nodes.model_client import open_client
from nodes.model_error import model_call
from nodes.model_reply import Reply, read_reply

# Bytes of one picture; a PNG of the largest size that OpenAI makes (3840x2160) has 25 MB uncompressed.
MAX_PICTURE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Pictures:
    """The pictures of one order, as bytes."""

    files: tuple[bytes, ...]
    revised_prompt: str | None
    usage: JsonObject | None


class _Picture(Reply):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Usage(Reply):
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0


class _Order(Reply):
    data: list[_Picture] = Field(min_length=1)
    usage: _Usage | None = None


async def order_pictures(config: ImageConfig, context: NodeContext) -> Pictures:
    """Make the pictures; NodeError or RetryableNodeError when there are none."""
    async with open_client(context, config.credential) as client, model_call(context, client):
        reply = await client.images.with_raw_response.generate(
            model=config.model, prompt=config.prompt, n=config.n, **_write_options(config)
        )
        order = read_reply(_Order, reply.content, "list of pictures")
        files = [await _read_picture(picture, client) for picture in order.data]
        usage = order.usage.model_dump() if order.usage else None
        return Pictures(tuple(files), order.data[0].revised_prompt, usage)


def _write_options(config: ImageConfig) -> dict[str, Any]:
    """Only what differs from the server's own defaults: not every server knows every field."""
    options: dict[str, Any] = {"size": config.size}
    if config.quality != "auto":
        options["quality"] = config.quality
    if config.background != "auto":
        options["background"] = config.background
    if config.output_format != "png":
        options["output_format"] = config.output_format
    return options


async def _read_picture(picture: _Picture, client: openai.AsyncOpenAI) -> bytes:
    if picture.b64_json:
        try:
            return base64.b64decode(picture.b64_json, validate=True)
        except ValueError:
            raise RetryableNodeError("the model server's picture is no base64") from None
    if picture.url:
        return await _fetch(picture.url, client)
    raise RetryableNodeError("the model server's picture is empty")


async def _fetch(address: str, client: openai.AsyncOpenAI) -> bytes:
    """The bytes behind an address on the model server itself; no other host is asked."""
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        raise RetryableNodeError("the model server's picture has no valid address") from None
    home = client.base_url
    if (url.scheme, url.host, url.port) != (home.scheme, home.host, home.port):
        raise NodeError(
            f"the picture lies on '{url.host}', and pictures are fetched from the model server "
            f"'{home.host}' alone; choose a model that answers with base64",
            field="config.model",
        )
    try:
        async with httpx2.AsyncClient(timeout=client.timeout) as http, http.stream("GET", url) as response:
            if response.status_code != 200:
                raise RetryableNodeError(f"the picture's address answered {response.status_code}")
            return await _read_bounded(response)
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        raise RetryableNodeError(f"the picture could not be fetched: {error}") from error


async def _read_bounded(response: httpx2.Response) -> bytes:
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > MAX_PICTURE_BYTES:
            raise NodeError(f"the picture has more than {MAX_PICTURE_BYTES:,} bytes")
    return bytes(data)
