"""Film jobs of an OpenAI-compatible server: submit, ask after, download.

The SDK marks its own ``videos`` methods as deprecated, because OpenAI closes its hosted film models
(https://platform.openai.com/docs/deprecations). The routes live on in compatible servers, so they are
called by path, with the SDK's types.
"""

from __future__ import annotations

from urllib.parse import quote

from openai import HttpxBinaryResponseContent
from openai.types import Video

from nodes.base import NodeContext, NodeError, RetryableNodeError
from nodes.model_client import open_client
from nodes.model_error import model_errors
from nodes.video_config import VideoConfig

# Bytes of one film; at 1080p and 20 Mbit/s a minute has 150 MB, and a Lambda function holds it in memory.
MAX_FILM_BYTES = 200 * 1024 * 1024


async def submit_film(config: VideoConfig, context: NodeContext) -> Video:
    """Order a film; the same Idempotency-Key on each attempt, for servers that honour it."""
    fields = {
        "prompt": config.prompt,
        "model": config.model,
        "seconds": str(config.seconds),
        "size": config.size,
    }
    # The form in which the SDK, and so every server that copies the API, sends and reads it.
    headers = {"Content-Type": "multipart/form-data", "Idempotency-Key": context.idempotency_key}
    async with open_client(context, config.credential) as client:
        with model_errors(context.node_id, client):
            video = await client.post("/videos", body=fields, options={"headers": headers}, cast_to=Video)
    return _check(video, context)


async def read_film_job(film_id: str, config: VideoConfig, context: NodeContext) -> Video:
    """How a job stands."""
    async with open_client(context, config.credential) as client:
        with model_errors(context.node_id, client):
            video = await client.get(f"/videos/{quote(film_id, safe='')}", cast_to=Video)
    return _check(video, context)


async def download_film(film_id: str, config: VideoConfig, context: NodeContext) -> bytes:
    """The MP4 of a completed job."""
    async with open_client(context, config.credential) as client:
        with model_errors(context.node_id, client):
            content = await client.get(
                f"/videos/{quote(film_id, safe='')}/content",
                cast_to=HttpxBinaryResponseContent,
                options={"headers": {"Accept": "application/binary"}},
            )
    # Every MP4 begins with a box of type ftyp (ISO/IEC 14496-12, section 4.3).
    if content.content[4:8] != b"ftyp":
        raise RetryableNodeError("the model server's film is no MP4", node_id=context.node_id)
    if len(content.content) > MAX_FILM_BYTES:
        raise NodeError(f"the film has more than {MAX_FILM_BYTES:,} bytes", node_id=context.node_id)
    return content.content


def _check(video: Video, context: NodeContext) -> Video:
    if not isinstance(video, Video) or not video.id or not video.status:
        raise RetryableNodeError("the model server's answer is no film job", node_id=context.node_id)
    return video
