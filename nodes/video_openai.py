"""Film jobs of an OpenAI-compatible server: submit, ask after, download.

The SDK marks its own ``videos`` methods as deprecated, because OpenAI closes its hosted film models
(https://platform.openai.com/docs/deprecations). The routes live on in compatible servers, so they are
called by path.
"""

from __future__ import annotations

from urllib.parse import quote

import httpx2

from nodes.base import Field, NodeContext, NodeError, RetryableNodeError
from nodes.model_client import open_client
from nodes.model_error import model_call
from nodes.model_reply import Reply, read_reply
from nodes.video_config import VideoConfig

# Bytes of one film; at 1080p and 20 Mbit/s a minute has 150 MB, and a Lambda function holds it in memory.
MAX_FILM_BYTES = 200 * 1024 * 1024


class FilmFailure(Reply):
    """Why a job failed."""

    message: str | None = None


class FilmJob(Reply):
    """How a job stands; ``progress`` is a percentage."""

    id: str = Field(min_length=1)
    status: str
    progress: float | None = None
    error: FilmFailure | None = None
    model: str | None = None
    seconds: str | int | None = None
    size: str | None = None


async def submit_film(config: VideoConfig, context: NodeContext) -> FilmJob:
    """Order a film; the same Idempotency-Key on each attempt, for servers that honour it."""
    fields = {
        "prompt": config.prompt,
        "model": config.model,
        "seconds": str(config.seconds),
        "size": config.size,
    }
    # The form in which the SDK, and so every server that copies the API, sends and reads it.
    headers = {"Content-Type": "multipart/form-data", "Idempotency-Key": context.idempotency_key}
    async with open_client(context, config.credential) as client, model_call(context, client):
        reply = await client.post(
            "/videos", body=fields, options={"headers": headers}, cast_to=httpx2.Response
        )
        return read_reply(FilmJob, reply.content, "film job")


async def read_film_job(film_id: str, config: VideoConfig, context: NodeContext) -> FilmJob:
    """How a job stands."""
    async with open_client(context, config.credential) as client, model_call(context, client):
        reply = await client.get(f"/videos/{quote(film_id, safe='')}", cast_to=httpx2.Response)
        return read_reply(FilmJob, reply.content, "film job")


async def download_film(film_id: str, config: VideoConfig, context: NodeContext) -> bytes:
    """The MP4 of a completed job."""
    async with open_client(context, config.credential) as client, model_call(context, client):
        reply = await client.get(
            f"/videos/{quote(film_id, safe='')}/content",
            cast_to=httpx2.Response,
            options={"headers": {"Accept": "application/binary"}},
        )
    # Every MP4 begins with a box of type ftyp (ISO/IEC 14496-12, section 4.3).
    if reply.content[4:8] != b"ftyp":
        raise RetryableNodeError("the model server's film is no MP4", node_id=context.node_id)
    if len(reply.content) > MAX_FILM_BYTES:
        raise NodeError(f"the film has more than {MAX_FILM_BYTES:,} bytes", node_id=context.node_id)
    return reply.content
