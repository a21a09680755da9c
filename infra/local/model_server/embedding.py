"""``POST /v1/embeddings``: unit vectors; texts that share words point in similar directions."""

from __future__ import annotations

import base64
import math
import re
import struct
from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.model_server.body import RequestModel, parse_request, read_json
from infra.local.model_server.context import ServerContext
from infra.local.model_server.seed import Json, pick_number
from infra.local.model_server.token_count import count_tokens

DEFAULT_DIMENSIONS = 256  # numbers; OpenAI's models give 1,536 or 3,072, and shorter ones on request


class EmbeddingRequest(RequestModel):
    """The request; ``user`` changes nothing."""

    model: Annotated[str, Field(min_length=1)]
    input: Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1, max_length=2048)]
    dimensions: Annotated[int, Field(ge=1, le=3072)] | None = None
    encoding_format: Literal["float", "base64"] = "float"
    user: str | None = None


def embed_text(text: str, dimensions: int = DEFAULT_DIMENSIONS) -> list[float]:
    """A vector of length 1: each word adds or takes 1 at a place of its own."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [text]:
        vector[pick_number(dimensions, "place", word)] += 1.0 if pick_number(2, "sign", word) else -1.0
    length = math.sqrt(sum(part * part for part in vector))
    if length == 0.0:  # words that cancelled each other out
        vector[pick_number(dimensions, "place", text)] = length = 1.0
    return [part / length for part in vector]


def embedding_routes(context: ServerContext) -> list[Route]:
    """The embeddings route."""

    async def embed(request: Request) -> Response:
        asked = parse_request(EmbeddingRequest, await read_json(request))
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        fault = await context.faults.receive_prompt(request, "\n".join(texts))
        if fault is not None:
            return fault
        data = [
            {"object": "embedding", "index": index, "embedding": _encode(text, asked)}
            for index, text in enumerate(texts)
        ]
        tokens = sum(count_tokens(text) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse({"object": "list", "data": data, "model": asked.model, "usage": usage})

    return [Route("/v1/embeddings", embed, methods=["POST"])]


def _encode(text: str, asked: EmbeddingRequest) -> Json:
    vector = embed_text(text, asked.dimensions or DEFAULT_DIMENSIONS)
    if asked.encoding_format == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
