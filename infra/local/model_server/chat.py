"""``POST /v1/chat/completions``: text, JSON, schema instances, several choices, streaming."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.local.model_server.answer import Answer, Form, make_answer
from infra.local.model_server.body import RequestModel, parse_request, read_json
from infra.local.model_server.context import ServerContext
from infra.local.model_server.errors import ApiError
from infra.local.model_server.message import read_messages
from infra.local.model_server.seed import CREATED_AT_EPOCH_SECONDS, Json, digest
from infra.local.model_server.token_count import count_tokens, split_tokens

MAX_CHOICES = 16  # choices of one request; OpenAI allows 128, nothing here needs them
Temperature = Annotated[float, Field(ge=0, le=2)]


class StreamOptions(RequestModel):
    """``stream_options``."""

    include_usage: bool = False
    include_obfuscation: bool = False


class ChatRequest(RequestModel):
    """The request. Fields from ``temperature`` on are checked and change nothing (same in, same out)."""

    model: Annotated[str, Field(min_length=1)]
    messages: Json
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    response_format: dict[str, Any] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    service_tier: str | None = None


def read_form(response_format: dict[str, Any] | None) -> Form:
    """The form that ``response_format`` asks for; raises ``ApiError`` 400."""
    if response_format is None:
        return Form()
    kind = response_format.get("type")
    if kind == "text":
        return Form()
    if kind == "json_object":
        return Form("json_object")
    if kind != "json_schema":
        message = f"'response_format.type': {kind!r} is none of text, json_object, json_schema."
        raise ApiError(400, message, param="response_format.type", code="invalid_value")
    named = response_format.get("json_schema")
    if not isinstance(named, dict) or not named.get("name") or not isinstance(named.get("schema"), dict):
        message = "'response_format.json_schema': an object with 'name' and 'schema' is needed."
        raise ApiError(400, message, param="response_format.json_schema", code="missing_required_parameter")
    return Form("json_schema", named["schema"], bool(named.get("strict")))


class ChatCompletion:
    """One request with its answers, spelled as one object or as a stream of chunks."""

    def __init__(self, request: ChatRequest) -> None:
        talk = read_messages(request.messages)
        form = read_form(request.response_format)
        limit = request.max_completion_tokens or request.max_tokens
        stop = [request.stop] if isinstance(request.stop, str) else request.stop or []
        self.prompt = talk.full
        self._request = request
        self._prompt_tokens = talk.tokens
        self._make: Callable[[int], Answer] = lambda index: make_answer(
            talk, form, max_tokens=limit, stop=stop, variant=index
        )

    def answer(self) -> list[Answer]:
        """The answers, ``n`` of them; raises ``ApiError`` 400 for a schema that cannot be served."""
        return [self._make(index) for index in range(self._request.n or 1)]

    def to_object(self, answers: list[Answer]) -> dict[str, Any]:
        """The ``chat.completion`` object."""
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": answer.text, "refusal": None},
                "finish_reason": answer.finish_reason,
                "logprobs": None,
            }
            for index, answer in enumerate(answers)
        ]
        return {**self._head("chat.completion"), "choices": choices, "usage": self._usage(answers)}

    async def to_events(self, answers: list[Answer]) -> AsyncIterator[str]:
        """The server-sent events of a stream, one token each, ``[DONE]`` last."""
        head = self._head("chat.completion.chunk")
        options = self._request.stream_options
        usage: dict[str, Any] = {"usage": None} if options and options.include_usage else {}
        for index, answer in enumerate(answers):
            deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
            deltas += [{"content": piece} for piece in split_tokens(answer.text)]
            for delta in deltas:
                choice = {"index": index, "delta": delta, "finish_reason": None, "logprobs": None}
                yield _spell_event({**head, "choices": [choice], **usage})
            last = {"index": index, "delta": {}, "finish_reason": answer.finish_reason, "logprobs": None}
            yield _spell_event({**head, "choices": [last], **usage})
        if usage:
            yield _spell_event({**head, "choices": [], "usage": self._usage(answers)})
        yield "data: [DONE]\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        key = digest(self._request.model_dump(exclude={"stream", "stream_options"}))
        return {
            "id": f"chatcmpl-synthetic-{key[:16]}",
            "object": kind,
            "created": CREATED_AT_EPOCH_SECONDS,
            "model": self._request.model,
            "system_fingerprint": "fp_synthetic",
        }

    def _usage(self, answers: list[Answer]) -> dict[str, int]:
        made = sum(count_tokens(answer.text) for answer in answers)
        return {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": made,
            "total_tokens": self._prompt_tokens + made,
        }


def _spell_event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def chat_routes(context: ServerContext) -> list[Route]:
    """The chat route."""

    async def complete(request: Request) -> Response:
        asked = parse_request(ChatRequest, await read_json(request))
        completion = ChatCompletion(asked)
        fault = await context.faults.receive_prompt(request, completion.prompt)
        if fault is not None:
            return fault
        answers = completion.answer()
        if asked.stream:
            return StreamingResponse(completion.to_events(answers), media_type="text/event-stream")
        return JSONResponse(completion.to_object(answers))

    return [Route("/v1/chat/completions", complete, methods=["POST"])]
