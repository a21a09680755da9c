"""The config and the result of the image node: what its form shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StrictInt, StrictStr

from engine.wording import Wording
from nodes.base import CredentialName, Field, NodeConfig, NodeOutput

DEFAULT_IMAGE_MODEL = "gpt-image-2.5-flare"
# Pictures of one request, and characters of a prompt
# (https://platform.openai.com/docs/api-reference/images/create).
MAX_PICTURES = 10
MAX_PROMPT_LENGTH = 32_000


class ImageConfig(NodeConfig):
    """One order of pictures."""

    prompt: StrictStr = Field(
        title="Prompt",
        min_length=1,
        max_length=MAX_PROMPT_LENGTH,
        description="What the picture shows.",
        examples=["A lighthouse at dusk, watercolour, for an article on {{ topic.output }}"],
        json_schema_extra={"x-widget": "textarea"},
    )
    model: StrictStr = Field(
        DEFAULT_IMAGE_MODEL,
        title="Model",
        min_length=1,
        max_length=256,
        description="A picture model of the model server.",
        examples=[DEFAULT_IMAGE_MODEL],
    )
    size: Annotated[
        StrictStr,
        Field(pattern=r"^(auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$"),
        Wording("must be auto, or width and height in pixels such as 1024x1024"),
    ] = Field(
        "1024x1024",
        title="Size",
        description="Width and height in pixels, or auto.",
        examples=["1024x1024", "1536x1024", "1024x1536", "auto"],
    )
    quality: Literal["auto", "low", "medium", "high"] = Field(
        "auto",
        title="Quality",
        description="Better takes longer and costs more.",
        json_schema_extra={"x-widget": "select"},
    )
    n: StrictInt = Field(1, title="How many", ge=1, le=MAX_PICTURES, description="Pictures to make.")
    background: Literal["auto", "opaque", "transparent"] = Field(
        "auto",
        title="Background",
        description="transparent needs the format png or webp.",
        json_schema_extra={"x-widget": "select"},
    )
    output_format: Literal["png", "jpeg", "webp"] = Field(
        "png", title="Format", json_schema_extra={"x-widget": "select"}
    )
    credential: CredentialName | None = Field(
        None,
        title="Credential",
        description="A stored credential of kind api_key. Empty: the installation's own key.",
        json_schema_extra={"x-widget": "credential"},
    )


class ImageOutput(NodeOutput):
    """The pictures, stored."""

    output: str = Field(description="The link of the first picture.")
    images: list[dict[str, Any]] = Field(
        description="The stored files: name, url, content_type, size_bytes, key."
    )
    model: str = Field(description="The model that was asked.")
    revised_prompt: str | None = Field(description="The prompt as the model took it, where it says so.")
    usage: dict[str, int] | None = Field(description="input_tokens, output_tokens, total_tokens, where told.")
