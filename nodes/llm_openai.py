"""Asking a language model behind an OpenAI-compatible server (chat completions, which all of them speak)."""

from __future__ import annotations

import base64
from typing import Any, cast

import openai
from openai.types.chat import ChatCompletionMessageParam

from engine.json_value import JsonObject
from nodes.base import Field, NodeContext
from nodes.llm_answer import LlmAnswer
from nodes.llm_config import LlmConfig, PictureFile
from nodes.model_client import open_client
from nodes.model_error import model_call
from nodes.model_reply import Reply, read_reply

_JSON_WORDS = "Answer with JSON only."
# The name that OpenAI wants a schema to have.
_SCHEMA_NAME = "answer"


class _Message(Reply):
    # Some servers answer in parts, as OpenAI lets users write.
    content: str | list[JsonObject] | None = None
    refusal: str | None = None


class _Choice(Reply):
    message: _Message
    finish_reason: str | None = None


class _Usage(Reply):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(Reply):
    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: _Usage | None = None


async def ask_openai(config: LlmConfig, context: NodeContext) -> LlmAnswer:
    """One chat completion; NodeError or RetryableNodeError when there is none."""
    messages = await _write_messages(config, context)
    async with open_client(context, config.credential) as client, model_call(context, client):
        reply = await client.chat.completions.with_raw_response.create(
            model=config.model_name(), messages=messages, **_write_options(config, client)
        )
        return _read_completion(read_reply(_Completion, reply.content, "chat completion"))


async def _write_messages(config: LlmConfig, context: NodeContext) -> list[ChatCompletionMessageParam]:
    system = _write_system(config)
    content: str | list[JsonObject] = config.prompt
    if config.images:
        urls = [image if isinstance(image, str) else await _embed(image, context) for image in config.images]
        pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        content = [{"type": "text", "text": config.prompt}, *pictures]
    messages: list[JsonObject] = [{"role": "system", "content": system}] if system else []
    return cast("list[ChatCompletionMessageParam]", [*messages, {"role": "user", "content": content}])


def _write_system(config: LlmConfig) -> str | None:
    """The system prompt; OpenAI refuses json_object where no message speaks of JSON."""
    wants_json = config.response_format == "json" and config.json_schema is None
    if not wants_json or "json" in f"{config.system or ''} {config.prompt}".lower():
        return config.system
    return f"{config.system}\n{_JSON_WORDS}" if config.system else _JSON_WORDS


async def _embed(image: PictureFile, context: NodeContext) -> str:
    data = base64.b64encode(await context.files.read(image.key)).decode("ascii")
    return f"data:{image.content_type};base64,{data}"


def _write_options(config: LlmConfig, client: openai.AsyncOpenAI) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if config.temperature is not None:
        options["temperature"] = config.temperature
    if config.max_tokens is not None:
        # OpenAI's reasoning models take only the new name, other servers may know only the old one.
        hosted = client.base_url.host == "api.openai.com"
        options["max_completion_tokens" if hosted else "max_tokens"] = config.max_tokens
    if config.json_schema is not None:
        schema = {"name": _SCHEMA_NAME, "schema": config.json_schema}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif config.response_format == "json":
        options["response_format"] = {"type": "json_object"}
    return options


def _read_completion(completion: _Completion) -> LlmAnswer:
    choice, usage = completion.choices[0], completion.usage or _Usage()
    return LlmAnswer(
        text=_join(choice.message.content),
        model=completion.model or "",
        finish_reason=choice.finish_reason or "stop",
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        refusal=choice.message.refusal,
    )


def _join(content: str | list[JsonObject] | None) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part.get("text"), str))
    return content or ""
