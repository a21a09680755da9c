"""The config and the result of the video node: what its form shows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StrictInt, StrictStr

from engine.wording import Wording
from nodes.base import CredentialName, Field, NodeConfig, NodeOutput

DEFAULT_VIDEO_MODEL = "sora-2"
MAX_PROMPT_LENGTH = 32_000  # characters (https://platform.openai.com/docs/api-reference/videos/create)
MAX_VIDEO_SECONDS = 60  # seconds; OpenAI's own models make 4, 8 or 12


class VideoConfig(NodeConfig):
    """One film."""

    prompt: StrictStr = Field(
        title="Prompt",
        min_length=1,
        max_length=MAX_PROMPT_LENGTH,
        description="What the film shows.",
        examples=["A paper boat on a stream, close-up, morning light"],
        json_schema_extra={"x-widget": "textarea"},
    )
    model: StrictStr = Field(
        DEFAULT_VIDEO_MODEL,
        title="Model",
        min_length=1,
        max_length=256,
        description="A film model of the model server (one that has OpenAI's /videos).",
        examples=[DEFAULT_VIDEO_MODEL, "sora-2-pro"],
    )
    seconds: StrictInt = Field(
        4, title="Length (seconds)", ge=1, le=MAX_VIDEO_SECONDS, description="Most models make 4, 8 or 12."
    )
    size: Annotated[
        StrictStr,
        Field(pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$"),
        Wording("must be width and height in pixels such as 1280x720"),
    ] = Field(
        "1280x720",
        title="Size",
        description="Width and height in pixels.",
        examples=["1280x720", "720x1280"],
    )
    poll_interval_seconds: StrictInt = Field(
        10,
        title="Ask every (seconds)",
        ge=1,
        le=300,
        description="The wait between two questions whether it is done; each costs some transitions.",
    )
    credential: CredentialName | None = Field(
        None,
        title="Credential",
        description="A stored credential of kind api_key. Empty: the installation's own key.",
        json_schema_extra={"x-widget": "credential"},
    )


class VideoOutput(NodeOutput):
    """The film, stored."""

    output: str = Field(description="The link of the film.")
    video: dict[str, Any] = Field(description="The stored file: name, url, content_type, size_bytes, key.")
    seconds: int = Field(description="The length of the film.")
    size: str = Field(description="Width and height in pixels.")
    model: str = Field(description="The model that made it.")
