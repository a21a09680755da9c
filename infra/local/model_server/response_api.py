"""``POST /v1/responses``: OpenAI's newer door to the same answers (no tools, no stream, nothing stored)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.model_server.answer import Form, make_answer
from infra.local.model_server.body import RequestModel, parse_request, read_json
from infra.local.model_server.chat import Temperature, read_form
from infra.local.model_server.context import ServerContext
from infra.local.model_server.errors import ApiError
from infra.local.model_server.message import Conversation, read_messages
from infra.local.model_server.seed import CREATED_AT_EPOCH_SECONDS, digest
from infra.local.model_server.token_count import count_tokens


class ResponseRequest(RequestModel):
    """The request. Fields from ``temperature`` on are checked and change nothing."""

    model: Annotated[str, Field(min_length=1)]
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    text: dict[str, Any] | None = None
    stream: bool | None = None
    temperature: Temperature | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    reasoning: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None


def _read_talk(asked: ResponseRequest) -> Conversation:
    said: list[dict[str, Any]] = []
    if asked.instructions:
        said.append({"role": "system", "content": asked.instructions})
    if isinstance(asked.input, str):
        said.append({"role": "user", "content": asked.input})
    else:
        said += asked.input
    return read_messages(said, "input")


def _read_text_form(text: dict[str, Any] | None) -> Form:
    """``text.format`` carries a schema flat, where chat wraps it in ``json_schema``."""
    wanted = (text or {}).get("format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        return read_form({"type": "json_schema", "json_schema": wanted})
    return read_form(wanted)


def _spell(asked: ResponseRequest, talk: Conversation) -> dict[str, Any]:
    answer = make_answer(talk, _read_text_form(asked.text), max_tokens=asked.max_output_tokens)
    key = digest(asked.model_dump())[:16]
    status = "completed" if answer.finish_reason == "stop" else "incomplete"
    made = count_tokens(answer.text)
    content = {"type": "output_text", "text": answer.text, "annotations": []}
    message = {
        "id": f"msg_synthetic_{key}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [content],
    }
    return {
        "id": f"resp_synthetic_{key}",
        "object": "response",
        "created_at": CREATED_AT_EPOCH_SECONDS,
        "status": status,
        "error": None,
        "incomplete_details": None if status == "completed" else {"reason": "max_output_tokens"},
        "instructions": asked.instructions,
        "metadata": asked.metadata or {},
        "model": asked.model,
        "output": [message],
        "parallel_tool_calls": False,
        "temperature": asked.temperature,
        "tool_choice": "none",
        "tools": [],
        "top_p": asked.top_p,
        "usage": {
            "input_tokens": talk.tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": talk.tokens + made,
        },
    }


def response_routes(context: ServerContext) -> list[Route]:
    """The responses route."""

    async def respond(request: Request) -> Response:
        asked = parse_request(ResponseRequest, await read_json(request))
        if asked.stream:
            message = "'stream': this server streams chat completions only; use POST /v1/chat/completions."
            raise ApiError(400, message, param="stream", code="unsupported_value")
        talk = _read_talk(asked)
        fault = await context.faults.receive_prompt(request, talk.full)
        return fault or JSONResponse(_spell(asked, talk))

    return [Route("/v1/responses", respond, methods=["POST"])]
