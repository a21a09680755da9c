"""``/v1/videos``: OpenAI's videos API as its SDK speaks it (multipart in, JSON out, MP4 at the end)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.model_server.body import RequestModel, parse_request, read_form
from infra.local.model_server.context import ServerContext
from infra.local.model_server.errors import ApiError
from infra.local.model_server.film import make_film
from infra.local.model_server.image_api import read_size
from infra.local.model_server.picture import draw_picture, encode_picture
from infra.local.model_server.video_job import VideoJob, VideoJobs

DEFAULT_SECONDS, MAX_SECONDS = (
    4,
    20,
)  # seconds; OpenAI allows 4, 8 and 12, any whole number up to 20 is made here
DEFAULT_SIZE = "720x1280"
MAX_FILMS_KEPT = 8  # films; others are made again when asked for, the same to the byte
POLL_AFTER_MILLISECONDS = 200  # what ``openai-poll-after-ms`` tells the SDK's own polling


class VideoRequest(RequestModel):
    """The request; ``input_reference`` is accepted and changes nothing."""

    prompt: Annotated[str, Field(min_length=1, max_length=32_000)]
    model: str = "sora-2"
    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] = DEFAULT_SECONDS
    size: str | None = None
    input_reference: Any = None


class FilmShelf:
    """Makes films, and keeps the last few."""

    def __init__(self) -> None:
        self._films: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()

    async def get(self, job: VideoJob) -> bytes:
        """The job's MP4."""
        key = (job.prompt, job.width, job.height, job.seconds)
        if key not in self._films:
            self._films[key] = await run_in_threadpool(make_film, *key)
            if len(self._films) > MAX_FILMS_KEPT:
                self._films.popitem(last=False)
        return self._films[key]


async def _read_content(request: Request, jobs: VideoJobs, films: FilmShelf) -> Response:
    job = jobs.get(request.path_params["video_id"])
    if job.status != "completed":
        message = f"Video '{job.id}' is {job.status}: its content is not ready."
        raise ApiError(404, message, param="video_id", code="not_ready")
    variant = request.query_params.get("variant", "video")
    if variant == "video":
        return Response(await films.get(job), media_type="video/mp4")
    if variant == "thumbnail":
        picture = await run_in_threadpool(draw_picture, job.prompt, job.width, job.height, quality="low")
        return Response(encode_picture(picture, "webp"), media_type="image/webp")
    raise ApiError(
        400, f"'variant': {variant!r} is none of video, thumbnail.", param="variant", code="invalid_value"
    )


def video_routes(context: ServerContext) -> list[Route]:
    """Create, list, poll, download and delete."""
    jobs, films = VideoJobs(), FilmShelf()
    hint = {"openai-poll-after-ms": str(POLL_AFTER_MILLISECONDS)}

    async def create(request: Request) -> Response:
        asked = parse_request(VideoRequest, await read_form(request))
        width, height = read_size(asked.size, DEFAULT_SIZE, even=True)
        fault = await context.faults.receive_prompt(request, asked.prompt)
        if fault is not None:
            return fault
        return JSONResponse(jobs.create(asked.model, asked.prompt, asked.seconds, width, height).to_object())

    async def read(request: Request) -> Response:
        return JSONResponse(jobs.poll(request.path_params["video_id"]).to_object(), headers=hint)

    async def list_all(_request: Request) -> Response:
        data = [job.to_object() for job in jobs.list()]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return JSONResponse({"object": "list", "data": data, "has_more": False, **ends})

    async def read_content(request: Request) -> Response:
        return await _read_content(request, jobs, films)

    async def delete(request: Request) -> Response:
        jobs.delete(request.path_params["video_id"])
        gone = {"id": request.path_params["video_id"], "object": "video.deleted", "deleted": True}
        return JSONResponse(gone)

    return [
        Route("/v1/videos", create, methods=["POST"]),
        Route("/v1/videos", list_all, methods=["GET"]),
        Route("/v1/videos/{video_id}", read, methods=["GET"]),
        Route("/v1/videos/{video_id}", delete, methods=["DELETE"]),
        Route("/v1/videos/{video_id}/content", read_content, methods=["GET"]),
    ]
