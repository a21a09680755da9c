"""One answer to a conversation: prose, a JSON object, or an instance of a schema, cut as asked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from infra.local.model_server.errors import ApiError
from infra.local.model_server.message import Conversation
from infra.local.model_server.schema_instance import SchemaUnsupportedError, make_instance
from infra.local.model_server.seed import MARK, Json
from infra.local.model_server.text import write_answer, write_sentence
from infra.local.model_server.token_count import cut_to_tokens
from infra.local.model_server.topic import find_topic, find_words

_KEYS = re.compile(r"[\"'`]([A-Za-z_]\w{0,40})[\"'`]")


@dataclass(frozen=True)
class Form:
    """The form asked for: ``text``, ``json_object`` or ``json_schema`` with its schema."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    schema: Json = None
    strict: bool = False


@dataclass(frozen=True)
class Answer:
    """The text, and why it ended: ``stop`` or ``length``."""

    text: str
    finish_reason: Literal["stop", "length"]


def make_answer(
    talk: Conversation,
    form: Form,
    *,
    max_tokens: int | None = None,
    stop: Sequence[str] = (),
    variant: int = 0,
) -> Answer:
    """The answer number ``variant``; raises ``ApiError`` 400 for a schema that cannot be served."""
    text = _write(talk, form, variant)
    ends = [text.find(mark) for mark in stop if mark and mark in text]
    if ends:
        text = text[: min(ends)]
    text, was_cut = cut_to_tokens(text, max_tokens)
    return Answer(text, "length" if was_cut else "stop")


def _write(talk: Conversation, form: Form, variant: int) -> str:
    if form.kind == "text":
        return write_answer(talk.prompt, talk.instruction, variant)
    if form.kind == "json_object":
        if "json" not in talk.full.lower():
            # OpenAI's own rule and words for this mode.
            message = (
                "'messages' must contain the word 'json' in some form,"
                " to use 'response_format' of type 'json_object'."
            )
            raise ApiError(400, message, param="messages")
        return json.dumps(_make_object(talk, variant), ensure_ascii=False)
    if form.strict:
        _check_strict(form.schema, "$")
    try:
        return json.dumps(make_instance(form.schema, talk.prompt, variant), ensure_ascii=False)
    except SchemaUnsupportedError as error:
        message = f"Invalid schema for response_format: {error}."
        raise ApiError(400, message, param="response_format", code="invalid_json_schema") from error


def _make_object(talk: Conversation, variant: int) -> dict[str, Any]:
    """An object with the keys that the prompt quotes, or with a few of its own."""
    keys = list(dict.fromkeys(_KEYS.findall(f"{talk.instruction}\n{talk.prompt}")))
    if keys:
        return {key: f"{MARK} {write_sentence(talk.prompt, key, variant)}" for key in keys}
    return {
        "note": MARK,
        "topic": find_topic(talk.prompt),
        "summary": write_sentence(talk.prompt, variant),
        "keywords": find_words(talk.prompt, 5),
    }


def _check_strict(schema: Json, place: str) -> None:
    """OpenAI's rule for strict schemas: every object closed, every property required.

    Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            _check_strict(part, f"{place}[{index}]")
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    if isinstance(properties, dict):
        missing = [name for name in properties if name not in schema.get("required", [])]
        if schema.get("additionalProperties") is not False or missing:
            message = (
                f"Invalid schema for response_format at {place}: with strict, 'additionalProperties' must be"
                f" false and 'required' must name every property (missing: {', '.join(missing) or 'none'})."
            )
            raise ApiError(400, message, param="response_format", code="invalid_json_schema")
    for key, part in schema.items():
        if key not in ("enum", "const", "default", "examples"):
            _check_strict(part, f"{place}.{key}")
