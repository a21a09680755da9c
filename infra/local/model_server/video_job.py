"""Video jobs: queued, in progress, then completed or failed; a job advances each time it is asked for."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from infra.local.model_server.errors import ApiError
from infra.local.model_server.seed import CREATED_AT_EPOCH_SECONDS, digest

DEFAULT_POLLS = 2  # polls until a job is done: one sees it in progress, the next completed
MAX_POLLS = 1_000
MAX_JOBS_KEPT = 1_000  # jobs; the oldest are forgotten
ASSET_LIFETIME_SECONDS = 3_600  # seconds; OpenAI keeps a film's content for one hour
_POLLS = re.compile(r"\[\[video-polls:(\d{1,4})\]\]")
_FAILED = "[[video:failed]]"


@dataclass
class VideoJob:
    """One job; ``polls`` counts how often its state was asked for."""

    id: str
    model: str
    prompt: str
    seconds: int
    width: int
    height: int
    polls: int = 0

    @property
    def polls_needed(self) -> int:
        """How many polls see it through."""
        found = _POLLS.search(self.prompt)
        return min(max(int(found[1]), 1), MAX_POLLS) if found else DEFAULT_POLLS

    @property
    def status(self) -> str:
        """queued, in_progress, completed or failed."""
        if self.polls == 0:
            return "queued"
        if self.polls < self.polls_needed:
            return "in_progress"
        return "failed" if _FAILED in self.prompt else "completed"

    def to_object(self) -> dict[str, Any]:
        """The ``video`` object."""
        done = self.status == "completed"
        failure = {
            "code": "video_generation_failed",
            "message": "Synthetic failure, asked for by the prompt.",
        }
        return {
            "id": self.id,
            "object": "video",
            "created_at": CREATED_AT_EPOCH_SECONDS,
            "completed_at": CREATED_AT_EPOCH_SECONDS + self.seconds if done else None,
            "expires_at": CREATED_AT_EPOCH_SECONDS + ASSET_LIFETIME_SECONDS if done else None,
            "error": failure if self.status == "failed" else None,
            "model": self.model,
            "progress": min(100 * self.polls // self.polls_needed, 100),
            "prompt": self.prompt,
            "remixed_from_video_id": None,
            "seconds": str(self.seconds),
            "size": f"{self.width}x{self.height}",
            "status": self.status,
        }


class VideoJobs:
    """The jobs of one server, in memory. The first job of a request has always the same id."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, VideoJob] = OrderedDict()
        self._created: dict[str, int] = {}

    def create(self, model: str, prompt: str, seconds: int, width: int, height: int) -> VideoJob:
        """A queued job."""
        key = digest(model, prompt, seconds, width, height)[:20]
        number = self._created[key] = self._created.get(key, 0) + 1
        job = VideoJob(f"video_synthetic_{key}_{number}", model, prompt, seconds, width, height)
        self._jobs[job.id] = job
        if len(self._jobs) > MAX_JOBS_KEPT:
            self._jobs.popitem(last=False)
        return job

    def get(self, job_id: str) -> VideoJob:
        """The job; raises ``ApiError`` 404."""
        if job_id not in self._jobs:
            raise ApiError(404, f"Video with id '{job_id}' not found.", param="video_id", code="not_found")
        return self._jobs[job_id]

    def poll(self, job_id: str) -> VideoJob:
        """The job, one step further."""
        job = self.get(job_id)
        job.polls = min(job.polls + 1, job.polls_needed)
        return job

    def delete(self, job_id: str) -> None:
        """Forgets a finished job; raises ``ApiError`` 404 or 400 while it is running."""
        if self.get(job_id).status in ("queued", "in_progress"):
            raise ApiError(
                400, f"Video '{job_id}' is still being made.", param="video_id", code="invalid_state"
            )
        del self._jobs[job_id]

    def list(self) -> list[VideoJob]:
        """All jobs, newest first."""
        return list(reversed(self._jobs.values()))
