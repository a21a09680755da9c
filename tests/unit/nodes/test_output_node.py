from __future__ import annotations

import pytest

from engine.errors import NodeConfigError
from nodes.output_node import OutputNode
from tests.unit.nodes.light_node_bench import check_light_node, run_node


def test_an_output_node_keeps_the_contract() -> None:
    check_light_node(OutputNode)


@pytest.mark.parametrize(
    ("config", "output", "content_type"),
    [
        ({"value": {"a": [1]}}, {"a": [1]}, "application/json"),
        ({"value": None}, None, "application/json"),
        ({"fields": {"title": "T", "n": 3}}, {"title": "T", "n": 3}, "application/json"),
        ({"value": "plain", "format": "text"}, "plain", "text/plain; charset=utf-8"),
        ({"value": {"a": "ü"}, "format": "text"}, '{"a":"ü"}', "text/plain; charset=utf-8"),
        ({"value": 3, "format": "text"}, "3", "text/plain; charset=utf-8"),
        ({"value": None, "format": "text"}, "", "text/plain; charset=utf-8"),
        ({"value": "# T", "format": "markdown"}, "# T", "text/markdown; charset=utf-8"),
        ({"value": "<b>&amp;</b>", "format": "html"}, "<b>&amp;</b>", "text/html; charset=utf-8"),
    ],
)
def test_a_value_in_its_format(config: dict[str, object], output: object, content_type: str) -> None:
    form = config.get("format", "json")
    expected = {"output": output, "result": output, "format": form, "content_type": content_type}
    assert run_node(OutputNode, config) == ("main", expected)


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        ({}, None),
        ({"draft": {"output": "text", "usage": 3}}, "text"),
        ({"a": {"output": 1}, "b": {"output": 2}}, {"a": 1, "b": 2}),
    ],
)
def test_without_a_value_it_gives_what_came_before(inputs: dict[str, object], output: object) -> None:
    assert run_node(OutputNode, {"name": "post"}, inputs)[1]["result"] == output


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(NodeConfigError, match="format: must be 'json', 'text', 'markdown' or 'html'"):
        OutputNode({"value": 1, "format": "pdf"})


def test_value_and_fields_exclude_each_other() -> None:
    both = {"value": "{{ a }}", "fields": {"b": 1}}
    assert OutputNode.check_config(both) == [("config.fields", "stands beside value; keep one of the two")]
    assert OutputNode.check_config({"value": 1}) == []
    assert OutputNode.check_config({"fields": {"b": 1}}) == []
