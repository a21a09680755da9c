"""Approvals by link: a page for people, JSON for programs. The signature in the link is the right.

Reading changes nothing, so that a program which looks at every link in a message approves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from engine.approval import Approval, ApprovalClosedError, ApprovalDecidedError
from engine.approval_token import Action
from engine.errors import NotFoundError, RequestError
from engine.form import read_texts
from engine.json_value import JsonObject
from functions.api.approval_page import HEADERS, message_page, question_page
from functions.api.body import json_body, parse_json
from functions.api.body_model import read_model
from functions.api.json_response import SafeJsonResponse
from functions.api.problem import problem_responses
from functions.api.route_table import API_PREFIX
from functions.api.router import open_router
from functions.api.services import Services, get_services

# Answers of people; what is longer is a file.
MAX_BODY_BYTES = 512 * 1024
# A form has 50 fields, and a name and a comment beside them.
MAX_FORM_FIELDS = 60
FORM_TYPE = "application/x-www-form-urlencoded"

router = open_router("approvals", API_PREFIX)
Use = Annotated[Services, Depends(get_services)]
Token = Annotated[str, Path(max_length=300, description="As it stands in the link.")]


class ApprovalView(BaseModel):
    """What a link asks."""

    action: Action = Field(description="What a POST to this link does.")
    title: str
    message: str
    form: JsonObject | None = Field(description="A JSON Schema for `data`; null: nothing is to be filled in.")
    workflow_name: str
    asked_at: datetime
    expires_at: datetime


class AnswerRequest(BaseModel):
    """What is sent with an answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    data: JsonObject = Field(default_factory=dict, description="What the form asks for; none when rejecting.")
    by: str | None = Field(None, description="Who answers, for the record.")
    comment: str | None = None


class AnswerView(BaseModel):
    """What was decided."""

    outcome: str = Field(description="approved or rejected.")
    decided_at: datetime
    by: str | None
    comment: str | None
    data: JsonObject


async def read_body(request: Request) -> bytes:
    """The body; 413 when it is too long."""
    data = await request.body()
    if len(data) > MAX_BODY_BYTES:
        raise HTTPException(413, f"An answer has {MAX_BODY_BYTES:,} bytes at most.")
    return data


RESPONSES = problem_responses(404, 409, 410, 422, 503)


@router.get("/approvals/{token}", responses={200: {"model": ApprovalView}, **RESPONSES})
def get_approval(token: Token, request: Request, services: Use) -> Response:
    """What the link asks: a page where HTML is accepted, else JSON. Nothing is changed."""

    def show() -> Response:
        approval, action = services.approvals.read(token)
        if _wants_page(request):
            return question_page(approval, action)
        fields = approval.model_dump(
            include={"title", "message", "form", "workflow_name", "asked_at", "expires_at"}
        )
        view = ApprovalView(action=action, **fields)
        return SafeJsonResponse(view.model_dump(mode="json"), headers=HEADERS)

    try:
        return _told(request, show)
    except ApprovalDecidedError as error:
        # There is nothing here any more: only an answer is a conflict.
        raise ApprovalClosedError(str(error)) from None


@router.post(
    "/approvals/{token}",
    responses={200: {"model": AnswerView}, **RESPONSES, **problem_responses(413)},
    openapi_extra=json_body(AnswerRequest, required=False, example={"data": {"amount": 12.5}, "by": "Ada"}),
)
def answer_approval(
    token: Token, request: Request, services: Use, body: Annotated[bytes, Depends(read_body)]
) -> Response:
    """Approve or reject, as the link says. A link works once."""
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM_TYPE

    def answer() -> Response:
        approval, action = services.approvals.read(token)
        texts = _read_form(body) if is_form else {}
        try:
            asked = _form_answer(approval, action, texts) if is_form else _json_answer(body)
            source = request.client.host if request.client else None
            decided = services.approvals.decide(token, asked.data, asked.by, asked.comment, source)
        except RequestError as error:
            if not is_form:
                raise
            faults = {problem.field or "": problem.message for problem in error.problems}
            return question_page(
                approval, action, values=texts, faults=faults or {error.field or "": str(error)}, status=422
            )
        return _thank(decided, is_form or _wants_page(request))

    return _told(request, answer)


def _told(request: Request, act: Callable[[], Response]) -> Response:
    """What the act answers; for a person, what is the matter as a page."""
    try:
        return act()
    except (NotFoundError, ApprovalDecidedError, ApprovalClosedError) as error:
        is_form = request.headers.get("content-type", "").startswith(FORM_TYPE)
        if not (is_form or _wants_page(request)):
            raise
        if isinstance(error, NotFoundError):
            return message_page("Not found", str(error), 404)
        if isinstance(error, ApprovalDecidedError) and request.method == "POST":
            return message_page("Answered already", str(error), 409)
        return message_page("Not open any more", str(error), 410)


def _thank(approval: Approval, as_page: bool) -> Response:
    decision = approval.decision
    assert decision is not None  # noqa: S101 - it was just made
    if as_page:
        return message_page("Thank you", f"“{approval.title}” is {decision.outcome}.", 200)
    view = AnswerView.model_validate(decision.model_dump())
    return SafeJsonResponse(view.model_dump(mode="json"), headers=HEADERS)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _json_answer(body: bytes) -> AnswerRequest:
    value = parse_json(body) if body.strip() else {}
    return read_model(AnswerRequest, value)


def _read_form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS))
    except ValueError as error:
        raise RequestError(f"The form cannot be read: {error}", "body") from None


def _form_answer(approval: Approval, action: Action, texts: dict[str, str]) -> AnswerRequest:
    filled = {name.removeprefix("data."): text for name, text in texts.items() if name.startswith("data.")}
    data = read_texts(approval.form, filled) if action == "approve" else {}
    return AnswerRequest(data=data, by=texts.get("by") or None, comment=texts.get("comment") or None)
