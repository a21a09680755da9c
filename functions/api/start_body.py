"""Bodies of requests that start executions."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from engine.errors import Problem, RequestError
from engine.json_value import JsonObject
from engine.workflow import Pin
from functions.api.body import json_body, read_object
from functions.api.version_query import VERSION_PATTERN

T = TypeVar("T", bound=BaseModel)


class ExecuteRequest(BaseModel):
    """What an execution is started with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    inputs: JsonObject = Field(default_factory=dict, description="Values of the input nodes, by name.")
    bypass_cache: bool = Field(False, description="Make every result anew; the cache takes the new ones.")
    until: str | None = Field(None, min_length=1, description="Run up to this node: it, and what it needs.")
    ignore_pins: bool = Field(False, description="Run pinned nodes of the draft too.")


class RunNodeRequest(BaseModel):
    """What a node is run with alone: results of the nodes before it, given or of an earlier execution."""

    model_config = ConfigDict(extra="forbid", strict=True)

    inputs: JsonObject = Field(default_factory=dict, description="Values of the input nodes, by name.")
    pinned: dict[str, Pin] = Field(default_factory=dict, description="Results by the ids of their nodes.")
    execution_id: str | None = Field(
        None, max_length=200, description="Results and inputs of this execution stand where none are given."
    )
    bypass_cache: bool = Field(False, description="Make the result anew; the cache takes the new one.")
    ignore_pins: bool = Field(False, description="Do not take results that the draft pins.")


class RetryBody(BaseModel):
    """With what an execution is tried again; with nothing, by its own version and inputs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int | str | None = Field(
        None, description="`draft`, `live` or a number: results of nodes that are the same there are kept."
    )
    inputs: JsonObject = Field(default_factory=dict, description="Over those that it was started with.")

    @field_validator("version")
    @classmethod
    def _names_a_version(cls, version: int | str | None) -> int | str | None:
        if version is not None and re.fullmatch(VERSION_PATTERN, str(version)) is None:
            raise ValueError("a version is `draft`, `live` or a number from 1")
        return version


RETRY_BODY = json_body(RetryBody, required=False, example={"version": "draft"})
EXECUTE_BODY = json_body(ExecuteRequest, required=False, example={"inputs": {"topic": "AI in Healthcare"}})
RUN_NODE_BODY = json_body(
    RunNodeRequest, required=False, example={"pinned": {"draft": {"result": {"output": "A text."}}}}
)


def read_execute_request(document: Annotated[JsonObject, Depends(read_object)]) -> ExecuteRequest:
    """The body of an execute request; RequestError names the field."""
    return _read(ExecuteRequest, document)


def read_run_node_request(document: Annotated[JsonObject, Depends(read_object)]) -> RunNodeRequest:
    """The body of a request that runs one node; RequestError names the field."""
    return _read(RunNodeRequest, document)


def read_retry_body(document: Annotated[JsonObject, Depends(read_object)]) -> RetryBody:
    """The body of a retry; RequestError names the field."""
    return _read(RetryBody, document)


def _read(model: type[T], document: JsonObject) -> T:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = [
            Problem("body", str(told["msg"]), None, ".".join(str(part) for part in told["loc"]))
            for told in error.errors(include_url=False)
        ]
        known = ", ".join(f"`{name}`" for name in model.model_fields)
        message = f"{problems[0].field}: {problems[0].message}. The body may have {known}."
        raise RequestError(message, problems[0].field, problems) from None
