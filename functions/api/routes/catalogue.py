"""The catalogue: node types and their schemas, complete enough to draw forms from."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from engine.json_value import JsonObject
from engine.node import BaseNode
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("catalogue")
Use = Annotated[Services, Depends(get_services)]


class NodeTypeSummary(BaseModel):
    """A node type in the list."""

    type: str
    version: int
    title: str
    description: str
    category: str
    outputs: list[str] = Field(description="Named exits; `error` joins them with `on_error: output`.")
    executor: str = Field(description="The function, and so the privileges, that it runs with.")
    cache_ttl_seconds: int
    default_timeout_seconds: int


class NodeTypeDetail(NodeTypeSummary):
    """A node type with its JSON Schemas."""

    config_schema: JsonObject
    input_schema: JsonObject
    output_schema: JsonObject


class RefusedNodeType(BaseModel):
    """A node type of an installed package that cannot be used."""

    type: str
    package: str
    reason: str


class NodeTypeList(BaseModel):
    """All node types."""

    items: list[NodeTypeSummary]
    refused: list[RefusedNodeType] = Field(description="Of installed packages; they cannot be used.")


def _summary(node_type: type[BaseNode]) -> dict[str, object]:
    return {
        "type": node_type.type,
        "version": node_type.version,
        "title": node_type.title or node_type.type,
        "description": node_type.description,
        "category": node_type.category,
        "outputs": list(node_type.outputs),
        "executor": node_type.executor,
        "cache_ttl_seconds": node_type.cache_ttl_seconds,
        "default_timeout_seconds": node_type.default_timeout_seconds,
    }


@router.get("/node-types")
def list_node_types(services: Use) -> NodeTypeList:
    """All node types, by name."""
    refused = [RefusedNodeType.model_validate(vars(one)) for one in services.registry.refused.values()]
    items = [NodeTypeSummary.model_validate(_summary(node_type)) for node_type in services.registry.all()]
    return NodeTypeList(items=items, refused=refused)


@router.get("/node-types/{type}", responses=problem_responses(404))
def get_node_type(type: Id, services: Use) -> NodeTypeDetail:
    """One node type with the JSON Schemas of its config, inputs and result."""
    node_type = services.registry.get(type)
    return NodeTypeDetail.model_validate(
        _summary(node_type)
        | {
            "config_schema": node_type.get_config_schema(),
            "input_schema": node_type.get_input_schema(),
            "output_schema": node_type.get_output_schema(),
        }
    )
