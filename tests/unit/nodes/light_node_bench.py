"""Runs a light node as the engine does: config in, output name and values out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import jsonschema

from engine.json_value import JsonObject
from engine.node import BaseNode, NodeContext
from engine.registry import check_node_class


def run_node(
    node_class: type[BaseNode],
    config: JsonObject,
    inputs: JsonObject | None = None,
    execution_inputs: JsonObject | None = None,
) -> tuple[str, JsonObject]:
    """The output that the node left through, and its values, which fit its output schema."""
    context = NodeContext(node_id="node", execution_inputs=execution_inputs or {})
    result = asyncio.run(node_class(config).run(inputs or {}, context))
    jsonschema.validate(result.values, node_class.get_output_schema())
    return result.output_name, result.values


def check_light_node(node_class: type[BaseNode]) -> None:
    """The contract, and a config schema from which a form can be drawn."""
    check_node_class(node_class)
    assert (node_class.light, node_class.executor, node_class.polls) == (True, "core", False)
    assert node_class.title
    assert node_class.description
    for schema in (node_class.get_config_schema(), node_class.get_output_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)
    for name, field in _fields(node_class.get_config_schema()):
        assert field.get("title"), name
        assert field.get("description"), name


def _fields(schema: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for part in [schema, *schema.get("$defs", {}).values()]:
        yield from part.get("properties", {}).items()
