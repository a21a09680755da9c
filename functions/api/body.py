"""Request bodies: read as strict JSON, whatever is sent."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Request
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from engine.errors import RequestError
from engine.json_text import read_json
from engine.json_type import describe_type
from engine.json_value import JsonObject, JsonValue

# API Gateway carries 10 MB, Lambda 6 MB of event
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); the event is the larger spelling.
MAX_BODY_BYTES = 5 * 1024 * 1024
# Where the OpenAPI document keeps what is sent: apart from what is answered, which may be a model of the same
# name with other required fields.
SCHEMA_NAME = "{model}-Input"
SCHEMA_PATH = f"#/components/schemas/{SCHEMA_NAME}"
_models: dict[str, type[BaseModel]] = {}


def parse_json(data: bytes) -> JsonValue:
    """The JSON of a body; RequestError says what is wrong with it."""
    try:
        return read_json(data, unique_keys=True)
    except ValueError as error:
        raise RequestError(f"The body is not usable JSON: {error}.", "body") from None


async def read_object(request: Request) -> JsonObject:
    """The body as a JSON object; an empty body is an empty object.

    RequestError; HTTPException 413 when it is too long.
    """
    data = await request.body()
    if len(data) > MAX_BODY_BYTES:
        told = f"The body has {len(data):,} bytes, over the limit of {MAX_BODY_BYTES:,}; store files apart."
        raise HTTPException(413, told)
    if not data.strip():
        return {}
    value = parse_json(data)
    if not isinstance(value, dict):
        raise RequestError(f"The body must be a JSON object, not {describe_type(value)}.", "body")
    return value


def json_body(model: type[BaseModel], *, required: bool = True, example: Any = None) -> dict[str, Any]:
    """What the OpenAPI document says of a body that `read_object` reads; `body_schemas` has its schema."""
    _models[model.__name__] = model
    content: dict[str, Any] = {"schema": {"$ref": SCHEMA_PATH.format(model=model.__name__)}}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def body_schemas() -> dict[str, JsonObject]:
    """The schemas, by name, that bodies refer to; made for the document alone."""
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [(m, "validation") for m in _models.values()]
    _, document = models_json_schema(asked, ref_template=SCHEMA_PATH)
    return {SCHEMA_NAME.format(model=name): schema for name, schema in document["$defs"].items()}
