"""``POST /v1/images/generations``: real pictures, as base64 or behind an address of this server."""

from __future__ import annotations

import base64
import re
from collections import OrderedDict
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.model_server.body import RequestModel, parse_request, read_json
from infra.local.model_server.context import ServerContext
from infra.local.model_server.errors import ApiError
from infra.local.model_server.picture import draw_picture, encode_picture
from infra.local.model_server.seed import CREATED_AT_EPOCH_SECONDS, digest
from infra.local.model_server.token_count import count_tokens

MAX_PICTURES_KEPT = 128  # pictures behind an address; the oldest go first (OpenAI's addresses last an hour)
MIN_EDGE_PIXELS, MAX_EDGE_PIXELS = 16, 3840  # the widest size that OpenAI's API documents is 3840x2160
DEFAULT_SIZE = "1024x1024"
PIXELS_PER_TOKEN = (
    1024  # output tokens of a picture: one for each 1,024 pixels (OpenAI: 1,056 for 1024x1024 medium)
)


class ImageRequest(RequestModel):
    """The request. Fields from ``background`` on are accepted and change nothing."""

    prompt: Annotated[str, Field(min_length=1, max_length=32_000)]
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    size: str | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    moderation: Literal["low", "auto"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    style: Literal["vivid", "natural"] | None = None
    user: str | None = None
    safety_identifier: str | None = None


_QUALITY = {
    None: "medium",
    "auto": "medium",
    "standard": "medium",
    "hd": "high",
    "xhigh": "high",
    "max": "high",
}


def read_size(size: str | None, default: str = DEFAULT_SIZE, *, even: bool = False) -> tuple[int, int]:
    """Width and height in pixels; raises ``ApiError`` 400 that names ``size``."""
    spelled = default if size in (None, "auto") else str(size)
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", spelled)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    fits = all(MIN_EDGE_PIXELS <= edge <= MAX_EDGE_PIXELS for edge in (width, height))
    if not fits or (even and (width % 2 or height % 2)):
        bounds = f"{MIN_EDGE_PIXELS} to {MAX_EDGE_PIXELS} pixels each{', even' if even else ''}"
        raise ApiError(
            400, f"'size': {size!r} is not WIDTHxHEIGHT with {bounds}.", param="size", code="invalid_value"
        )
    return width, height


class PictureShelf:
    """Pictures that an address was given out for, newest kept."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def put(self, name: str, content: bytes) -> None:
        """Keeps ``content`` under ``name``."""
        self._files[name] = content
        self._files.move_to_end(name)
        while len(self._files) > MAX_PICTURES_KEPT:
            self._files.popitem(last=False)

    def get(self, name: str) -> bytes:
        """The content; raises ``ApiError`` 404."""
        if name not in self._files:
            raise ApiError(404, f"There is no picture {name!r} any more: ask for it again.", code="not_found")
        return self._files[name]


def _draw(asked: ImageRequest, kind: str) -> list[bytes]:
    width, height = read_size(asked.size)
    quality = _QUALITY.get(asked.quality, asked.quality or "medium")
    pictures = (
        draw_picture(asked.prompt, width, height, quality=quality, variant=index)
        for index in range(asked.n or 1)
    )
    return [encode_picture(picture, kind) for picture in pictures]


def _spell(asked: ImageRequest, data: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    width, height = read_size(asked.size)
    told, made = count_tokens(asked.prompt), len(data) * -(-width * height // PIXELS_PER_TOKEN)
    return {
        "created": CREATED_AT_EPOCH_SECONDS,
        "data": data,
        "output_format": kind,
        "quality": _QUALITY.get(asked.quality, asked.quality),
        "size": f"{width}x{height}",
        "usage": {
            "input_tokens": told,
            "input_tokens_details": {"text_tokens": told, "image_tokens": 0},
            "output_tokens": made,
            "total_tokens": told + made,
        },
    }


def image_routes(context: ServerContext) -> list[Route]:
    """The images route and the one that serves pictures by address."""
    shelf = PictureShelf()

    async def generate(request: Request) -> Response:
        asked = parse_request(ImageRequest, await read_json(request))
        read_size(asked.size)
        fault = await context.faults.receive_prompt(request, asked.prompt)
        if fault is not None:
            return fault
        kind = asked.output_format or "png"
        files = await run_in_threadpool(_draw, asked, kind)
        # Models of the DALL·E family answered with addresses unless told otherwise; the later ones never do.
        default = "url" if (asked.model or "").startswith("dall-e") else "b64_json"
        note = f"[synthetic picture] {asked.prompt}"
        data: list[dict[str, Any]] = []
        for index, content in enumerate(files):
            if (asked.response_format or default) == "b64_json":
                data.append({"b64_json": base64.b64encode(content).decode("ascii"), "revised_prompt": note})
                continue
            name = f"{digest(asked.model_dump(), index)[:24]}.{kind}"
            shelf.put(name, content)
            data.append({"url": str(request.url_for("read_picture", name=name)), "revised_prompt": note})
        return JSONResponse(_spell(asked, data, kind))

    async def read_picture(request: Request) -> Response:
        name = request.path_params["name"]
        return Response(shelf.get(name), media_type=f"image/{name.rsplit('.', 1)[-1]}")

    return [
        Route("/v1/images/generations", generate, methods=["POST"]),
        Route("/files/images/{name}", read_picture, methods=["GET"], name="read_picture"),
    ]
