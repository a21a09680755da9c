"""What a model answered, checked: text or JSON, cut, refused or empty."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.json_value import JsonObject, JsonValue
from nodes.base import NodeError, RetryableNodeError
from nodes.json_text import parse_json_text

MAX_EXCERPT_LENGTH = 200  # characters of an answer that an error shows
# Models that were told to write JSON alone still like to fence it.
_FENCE = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


@dataclass(frozen=True)
class LlmAnswer:
    """An answer, whoever gave it; ``finish_reason`` in OpenAI's words (stop, length, content_filter)."""

    text: str
    model: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    refusal: str | None = None

    def usage(self) -> JsonObject:
        """The tokens as they stand in a result."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
        }


def check_answer(answer: LlmAnswer) -> None:
    """NodeError where there is no answer to speak of: refused, filtered, cut before it began."""
    if answer.refusal:
        raise NodeError(f"the model refused: {_shorten(answer.refusal)}", field="config.prompt")
    if answer.finish_reason == "content_filter":
        raise NodeError(
            "the provider's content filter stopped the answer; change the prompt", field="config.prompt"
        )
    if answer.text.strip():
        return
    if answer.finish_reason == "length":
        raise NodeError(
            "the model used up max_tokens before it wrote anything; raise config.max_tokens",
            field="config.max_tokens",
        )
    raise RetryableNodeError(f"the model answered nothing (finish reason '{answer.finish_reason}')")


def parse_answer(answer: LlmAnswer, schema: JsonObject | None) -> JsonValue:
    """The text as JSON that fits ``schema``.

    A cut answer is final (it would be cut again); another that does not fit is retryable: models vary.
    """
    fenced = _FENCE.fullmatch(answer.text)
    try:
        value = parse_json_text(fenced[1] if fenced else answer.text)
    except ValueError as error:
        if answer.finish_reason == "length":
            raise NodeError(
                "the JSON answer was cut at max_tokens; raise config.max_tokens", field="config.max_tokens"
            ) from None
        raise RetryableNodeError(
            f"the model's answer is no JSON ({error}): {_shorten(answer.text)}"
        ) from None
    if schema is not None:
        _validate(value, schema)
    return value


def check_schema(schema: JsonObject) -> None:
    """NodeError when it is no JSON Schema."""
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=_default_validator()).check_schema(schema)
    except SchemaError as error:
        raise NodeError(
            f"config.json_schema is no JSON Schema: {error.message[:MAX_EXCERPT_LENGTH]}",
            field="config.json_schema",
        ) from None


def _validate(value: JsonValue, schema: JsonObject) -> None:
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # An empty registry: a reference to elsewhere is an error, never a request.
    registry: Registry[JsonValue] = Registry()
    validator = validator_for(schema, default=_default_validator())(schema, registry=registry)
    try:
        error = best_match(validator.iter_errors(value))
    except Unresolvable as unresolvable:
        raise NodeError(
            f"config.json_schema refers to '{unresolvable.ref}', which is not in it",
            field="config.json_schema",
        ) from None
    except re.error as broken:
        raise NodeError(
            f"config.json_schema has a pattern that is no regular expression: {broken}",
            field="config.json_schema",
        ) from None
    if error is not None:
        where = error.json_path
        raise RetryableNodeError(
            f"the model's answer does not fit config.json_schema at {where}: "
            f"{error.message[:MAX_EXCERPT_LENGTH]}",
            field="config.json_schema",
        )


def _default_validator() -> type:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_EXCERPT_LENGTH else f"{line[:MAX_EXCERPT_LENGTH]}…"
