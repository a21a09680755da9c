"""The config and the result of the LLM node: what its form shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, StrictInt, StrictStr, model_validator

from engine.wording import Wording
from nodes.base import CredentialName, Field, NodeConfig, NodeOutput

Provider: TypeAlias = Literal["openai", "bedrock"]
# What is asked when config.model is empty: the small models of each provider's current line.
DEFAULT_MODELS: dict[str, str] = {"openai": "gpt-5.4-mini", "bedrock": "amazon.nova-lite-v1:0"}
# Characters; no current model's context window (2 million tokens) holds more than about four per token.
MAX_PROMPT_LENGTH = 8_000_000
MAX_IMAGES = 50  # pictures of one request; OpenAI allows 500, Bedrock 20


class PictureFile(NodeConfig):
    """A stored file, as results of other nodes show it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: StrictStr = Field(min_length=1, description="The key of the stored file.")
    content_type: Annotated[
        StrictStr,
        Field(pattern=r"^image/(png|jpeg|webp|gif)$"),
        Wording("must be image/png, image/jpeg, image/webp or image/gif"),
    ] = "image/png"


class LlmConfig(NodeConfig):
    """One question to a language model."""

    prompt: StrictStr = Field(
        title="Prompt",
        min_length=1,
        max_length=MAX_PROMPT_LENGTH,
        description="What the model is asked.",
        examples=["Write a blog post about {{ topic.output }}."],
        json_schema_extra={"x-widget": "textarea"},
    )
    system: StrictStr | None = Field(
        None,
        title="System prompt",
        max_length=MAX_PROMPT_LENGTH,
        description="Who the model is, and the rules that it keeps.",
        examples=["You are an editor. You answer in plain English."],
        json_schema_extra={"x-widget": "textarea"},
    )
    provider: Provider = Field(
        "openai",
        title="Provider",
        description="openai: any OpenAI-compatible server; bedrock: Amazon Bedrock.",
        json_schema_extra={"x-widget": "select"},
    )
    model: StrictStr | None = Field(
        None,
        title="Model",
        min_length=1,
        max_length=256,
        description=f"Empty: {DEFAULT_MODELS['openai']} of openai, {DEFAULT_MODELS['bedrock']} of bedrock.",
        examples=[*DEFAULT_MODELS.values()],
    )
    temperature: float | None = Field(
        None,
        title="Temperature",
        ge=0,
        le=2,
        description="0 is matter-of-fact, 1 is free. Empty: the model's own; some models take no other.",
        examples=[0.2],
    )
    max_tokens: StrictInt | None = Field(
        None,
        title="Tokens at most",
        ge=1,
        le=1_000_000,
        description="An answer is cut there. Empty: the model's own limit.",
        examples=[1000],
    )
    response_format: Literal["text", "json"] = Field(
        "text",
        title="Answer",
        description="text, or json: the output is parsed, and checked where there is a schema.",
        json_schema_extra={"x-widget": "select"},
    )
    json_schema: dict[str, Any] | None = Field(
        None,
        title="JSON Schema",
        description="What the JSON answer must look like; needs the answer to be json.",
        examples=[{"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}],
        json_schema_extra={"x-widget": "json"},
    )
    images: list[StrictStr | PictureFile] = Field(
        default_factory=list,
        title="Pictures",
        max_length=MAX_IMAGES,
        description="Pictures to look at: addresses (https or data), or files that other nodes stored.",
        examples=[["{{ picture.images[0] }}"]],
        json_schema_extra={"x-widget": "json"},
    )
    credential: CredentialName | None = Field(
        None,
        title="Credential",
        description="A stored credential of kind api_key, for openai. Empty: the installation's own key.",
        json_schema_extra={"x-widget": "credential"},
    )

    @model_validator(mode="after")
    def check_schema_is_used(self) -> LlmConfig:
        """A schema for a text would be ignored, so it is refused."""
        if self.json_schema is not None and self.response_format != "json":
            raise ValueError("json_schema needs response_format 'json'")
        return self

    def model_name(self) -> str:
        """The model that is asked."""
        return self.model or DEFAULT_MODELS[self.provider]


class LlmOutput(NodeOutput):
    """The answer."""

    output: Any = Field(description="The text, or the parsed JSON.")
    text: str = Field(description="The answer as the model wrote it.")
    usage: dict[str, int] = Field(
        description="input_tokens, output_tokens, total_tokens.",
        examples=[{"input_tokens": 12, "output_tokens": 340, "total_tokens": 352}],
    )
    model: str = Field(description="The model that answered.")
    finish_reason: str = Field(description="stop, or length where the answer was cut at max_tokens.")
