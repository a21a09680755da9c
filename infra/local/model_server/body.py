"""Reading a request's body into a typed, closed model; what does not fit is a 400 in OpenAI's shape."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from infra.local.model_server.errors import ApiError
from infra.local.model_server.seed import Json


class RequestModel(BaseModel):
    """A request's fields; an unknown one is refused, so that a misspelt setting is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=RequestModel)


async def read_json(request: Request) -> Json:
    """The body as JSON; raises ``ApiError`` 400 when it is none."""
    try:
        return json.loads(await request.body())
    except ValueError as error:
        message = f"We could not parse the JSON body of your request: {error}"
        raise ApiError(400, message, code="invalid_json") from error


async def read_form(request: Request) -> dict[str, Any]:
    """The body as multipart or urlencoded fields (a file counts as its name), or as JSON."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("multipart/", "application/x-www-form-urlencoded")):
        body = await read_json(request)
        return body if isinstance(body, dict) else {}
    async with request.form() as form:
        return {
            name: value.filename if isinstance(value, UploadFile) else value for name, value in form.items()
        }


def parse_request(model: type[Model], body: Json) -> Model:
    """``body`` as ``model``; raises ``ApiError`` 400 that names the first wrong field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        code = "unknown_parameter" if first["type"] == "extra_forbidden" else "invalid_value"
        if first["type"] == "missing":
            code = "missing_required_parameter"
        raise ApiError(400, f"'{param}': {first['msg']}", param=param, code=code) from error
