"""Ordering pictures from an OpenAI-compatible server, and getting their bytes."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from openai.types import Image, ImagesResponse

from engine.json_value import JsonObject
from nodes.base import NodeContext, NodeError, RetryableNodeError
from nodes.image_config import ImageConfig
from nodes.model_client import open_client
from nodes.model_error import model_errors

# Bytes of one picture; a PNG of the largest size that OpenAI makes (3840x2160) has 25 MB uncompressed.
MAX_PICTURE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Pictures:
    """The pictures of one order, as bytes."""

    files: tuple[bytes, ...]
    revised_prompt: str | None
    usage: JsonObject | None


async def order_pictures(config: ImageConfig, context: NodeContext) -> Pictures:
    """Make the pictures; NodeError or RetryableNodeError when there are none."""
    async with open_client(context, config.credential) as client:
        with model_errors(context.node_id, client):
            answer = await client.images.generate(
                model=config.model, prompt=config.prompt, n=config.n, **_write_options(config)
            )
        if not isinstance(answer, ImagesResponse) or not answer.data:
            raise RetryableNodeError("the model server's answer has no pictures", node_id=context.node_id)
        files = [await _read_picture(image, client, context) for image in answer.data]
        return Pictures(tuple(files), answer.data[0].revised_prompt, _read_usage(answer))


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


async def _read_picture(image: Image, client: openai.AsyncOpenAI, context: NodeContext) -> bytes:
    if image.b64_json:
        try:
            return base64.b64decode(image.b64_json, validate=True)
        except binascii.Error:
            raise RetryableNodeError(
                "the model server's picture is no base64", node_id=context.node_id
            ) from None
    if image.url:
        return await _fetch(image.url, client, context)
    raise RetryableNodeError("the model server's picture is empty", node_id=context.node_id)


async def _fetch(address: str, client: openai.AsyncOpenAI, context: NodeContext) -> bytes:
    """The bytes behind an address on the model server itself; no other host is asked."""
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        raise RetryableNodeError(
            "the model server's picture has no valid address", node_id=context.node_id
        ) from None
    home = client.base_url
    if (url.scheme, url.host, url.port) != (home.scheme, home.host, home.port):
        raise NodeError(
            f"the picture lies on '{url.host}', and pictures are fetched from the model server "
            f"'{home.host}' alone; choose a model that answers with base64",
            node_id=context.node_id,
            field="config.model",
        )
    try:
        async with (
            httpx2.AsyncClient(timeout=context.timeout_seconds) as http,
            http.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise RetryableNodeError(
                    f"the picture's address answered {response.status_code}", node_id=context.node_id
                )
            return await _read_bounded(response, context)
    except httpx2.TransportError as error:
        raise RetryableNodeError(
            f"the picture could not be fetched: {error}", node_id=context.node_id
        ) from error


async def _read_bounded(response: httpx2.Response, context: NodeContext) -> bytes:
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > MAX_PICTURE_BYTES:
            raise NodeError(f"the picture has more than {MAX_PICTURE_BYTES:,} bytes", node_id=context.node_id)
    return bytes(data)


def _read_usage(answer: ImagesResponse) -> JsonObject | None:
    if answer.usage is None:
        return None
    return {
        "input_tokens": answer.usage.input_tokens,
        "output_tokens": answer.usage.output_tokens,
        "total_tokens": answer.usage.total_tokens,
    }
