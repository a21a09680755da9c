"""Asking a language model on Amazon Bedrock, by its Converse operation.

Shapes: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from engine.json_value import JsonObject, canonical_json
from nodes.base import NodeContext, NodeError, RetryableNodeError
from nodes.llm_answer import LlmAnswer
from nodes.llm_config import LlmConfig, PictureFile

_DATA_URL = re.compile(r"data:image/(png|jpeg|webp|gif);base64,(.*)", re.DOTALL)
_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


async def ask_bedrock(config: LlmConfig, context: NodeContext) -> LlmAnswer:
    """One Converse call; NodeError or RetryableNodeError when there is no answer."""
    return _read_answer(await context.converse(await _write_request(config, context)), config.model_name())


async def _write_request(config: LlmConfig, context: NodeContext) -> JsonObject:
    pictures = [await _read_picture(image, context) for image in config.images]
    content = [{"text": config.prompt}, *pictures]
    request: JsonObject = {
        "modelId": config.model_name(),
        "messages": [{"role": "user", "content": content}],
    }
    system = _write_system(config)
    if system:
        request["system"] = [{"text": system}]
    inference: JsonObject = {}
    if config.max_tokens is not None:
        inference["maxTokens"] = config.max_tokens
    if config.temperature is not None:
        inference["temperature"] = config.temperature
    if inference:
        request["inferenceConfig"] = inference
    return request


def _write_system(config: LlmConfig) -> str | None:
    """The system prompt; JSON is asked for in words, which every model of Bedrock understands."""
    if config.response_format == "text":
        return config.system
    words = "Answer with JSON only: no other text, no code fence."
    if config.json_schema is not None:
        words += f" The JSON must fit this JSON Schema: {canonical_json(config.json_schema)}"
    return f"{config.system}\n\n{words}" if config.system else words


async def _read_picture(image: str | PictureFile, context: NodeContext) -> JsonObject:
    if isinstance(image, PictureFile):
        kind, data = image.content_type.removeprefix("image/"), await context.files.read(image.key)
    else:
        found = _DATA_URL.fullmatch(image)
        if found is None:
            raise NodeError(
                "config.images: Bedrock takes no addresses; give a stored file or a data: address",
                field="config.images",
            )
        kind, data = found[1], _decode(found[2])
    return {"image": {"format": kind, "source": {"bytes": data}}}


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NodeError("config.images: a data: address is no base64", field="config.images") from None


def _read_answer(answer: JsonObject, model: str) -> LlmAnswer:
    message = (answer.get("output") or {}).get("message")
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        raise RetryableNodeError("Bedrock's answer has no message")
    blocks: list[Any] = message["content"]
    reason = str(answer.get("stopReason", "end_turn"))
    usage = answer.get("usage") or {}
    return LlmAnswer(
        text="".join(str(block["text"]) for block in blocks if "text" in block),
        model=model,
        finish_reason=_FINISH_REASONS.get(reason, reason),
        input_tokens=int(usage.get("inputTokens", 0)),
        output_tokens=int(usage.get("outputTokens", 0)),
    )
