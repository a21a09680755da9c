"""Bodies of requests that start executions."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.json_value import JsonObject
from engine.workflow import Pin
from functions.api.body import json_body, read_object
from functions.api.body_model import read_model
from functions.api.version_query import VERSION_PATTERN, VERSION_WORDING

Document = Annotated[JsonObject, Depends(read_object)]


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


def _check_version(version: int | str) -> int | str:
    if re.fullmatch(VERSION_PATTERN, str(version)) is None:
        raise ValueError("no version is named so")
    return version


class RetryBody(BaseModel):
    """With what an execution is tried again; with nothing, by its own version and inputs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: Annotated[int | str, AfterValidator(_check_version), VERSION_WORDING] | None = Field(
        None, description="`draft`, `live` or a number: results of nodes that are the same there are kept."
    )
    inputs: JsonObject = Field(default_factory=dict, description="Over those that it was started with.")


RETRY_BODY = json_body(RetryBody, required=False, example={"version": "draft"})
EXECUTE_BODY = json_body(ExecuteRequest, required=False, example={"inputs": {"topic": "AI in Healthcare"}})
RUN_NODE_BODY = json_body(
    RunNodeRequest, required=False, example={"pinned": {"draft": {"result": {"output": "A text."}}}}
)


def read_execute_request(request: Request, document: Document) -> ExecuteRequest:
    """The body of an execute request; RequestError names the field."""
    return read_model(ExecuteRequest, document, request)


def read_run_node_request(request: Request, document: Document) -> RunNodeRequest:
    """The body of a request that runs one node; RequestError names the field."""
    return read_model(RunNodeRequest, document, request)


def read_retry_body(request: Request, document: Document) -> RetryBody:
    """The body of a retry; RequestError names the field."""
    return read_model(RetryBody, document, request)
