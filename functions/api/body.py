"""Request bodies: read as strict JSON, whatever is sent."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from fastapi import HTTPException, Request
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from engine.errors import RequestError
from engine.json_type import describe_type
from engine.json_value import JsonObject

# API Gateway carries 10 MB, Lambda 6 MB of event
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); the event is the larger spelling.
MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 64
# Where the OpenAPI document keeps what is sent: apart from what is answered, which may be a model of the same
# name with other required fields.
SCHEMA_NAME = "{model}-Input"
SCHEMA_PATH = f"#/components/schemas/{SCHEMA_NAME}"
_models: dict[str, type[BaseModel]] = {}
_SURROGATE = re.compile("[\ud800-\udfff]")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key '{key[:100]}' stands twice in one object")
            seen.add(key)
    return result


def _check(value: Any) -> None:
    """Refuse what is too deep, and text that UTF-8 cannot spell; without recursion."""
    stack: list[tuple[Any, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, dict):
            stack.extend((part, depth + 1) for part in item.values())
            stack.extend((key, depth) for key in item)
        elif isinstance(item, list):
            stack.extend((part, depth + 1) for part in item)
        elif isinstance(item, str) and _SURROGATE.search(item):
            raise ValueError("it has a lone surrogate (\\ud800 to \\udfff), which is no character")
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("a number in it is larger than 64 bits of floating point can tell")


def parse_json(data: bytes) -> Any:
    """The JSON of a body; RequestError says what is wrong with it."""
    try:
        value = json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=_unique_pairs)
        _check(value)
    except RecursionError:
        raise RequestError("The body is not usable: it is nested too deeply.", "body") from None
    except UnicodeDecodeError as error:
        told = f"it is not text in {error.encoding.upper()} at byte {error.start}"
        raise RequestError(f"The body is not usable JSON: {told}", "body") from None
    except ValueError as error:
        # Python's own message on long numbers tells how to make it read them.
        told = "a number in it is too long" if "set_int_max_str_digits" in str(error) else str(error)
        raise RequestError(f"The body is not usable JSON: {told}", "body") from None
    return value


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
