"""The video node: orders a film, lets the state machine wait for it, and stores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.json_value import JsonObject
from nodes.base import BaseNode, NodeContext, NodeError, NodeInputs, NodeResult
from nodes.video_config import VideoConfig, VideoOutput

if TYPE_CHECKING:
    from nodes.video_openai import FilmJob

# What OpenAI says, and what compatible servers say in its place.
_FAILED = frozenset({"failed", "cancelled", "canceled", "expired", "rejected", "error"})


class VideoNode(BaseNode):
    """Makes a film. The job's id is all that is kept between two polls; no function waits for it."""

    type = "video"
    title = "Film"
    description = "Makes a film from a prompt and stores it."
    category = "ai"
    executor = "ai"
    polls = True
    reads_inputs = False
    # Films take minutes, when the server is busy many (https://platform.openai.com/docs/guides/video-generation).
    default_timeout_seconds = 1_800
    Config = VideoConfig
    Output = VideoOutput
    config: VideoConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Order the film; what is kept is the id of its job.

        A retry sends the same Idempotency-Key; a server that ignores it may make the film twice.
        """
        from nodes.video_openai import submit_film

        job = await submit_film(self.config, context)
        context.logger.info(f"film '{job.id}' ordered from '{job.model or self.config.model}'")
        return await self._settle(job, context)

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        """Ask how the job stands; once completed, download and store the film."""
        from nodes.video_openai import read_film_job

        return await self._settle(await read_film_job(str(state["id"]), self.config, context), context)

    async def _settle(self, job: FilmJob, context: NodeContext) -> NodeResult:
        if job.status in _FAILED:
            reason = (job.error and job.error.message) or "the server gives no reason"
            raise NodeError(f"film '{job.id}' {job.status}: {reason}", node_id=context.node_id)
        if job.status == "completed":
            return await self._store(job, context)
        context.logger.info(f"film '{job.id}' is {job.status}, {job.progress or 0:g} % done")
        return NodeResult.pending(self.config.poll_interval_seconds, {"id": job.id})

    async def _store(self, job: FilmJob, context: NodeContext) -> NodeResult:
        from nodes.video_openai import download_film

        data = await download_film(job.id, self.config, context)
        file = await context.files.save(f"{context.node_id}.mp4", data, "video/mp4")
        return self.create_result(
            file.url,
            video=file.as_json(),
            seconds=_read_seconds(job, self.config.seconds),
            size=job.size or self.config.size,
            model=job.model or self.config.model,
        )


def _read_seconds(job: FilmJob, ordered: int) -> int:
    said = str(job.seconds)
    return int(said) if said.isascii() and said.isdigit() else ordered
