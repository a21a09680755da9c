from __future__ import annotations

import pytest

from engine.errors import NodeConfigError
from nodes.respond_node import RespondNode
from tests.unit.nodes.light_node_bench import check_light_node, run_node


def test_a_respond_node_keeps_the_contract() -> None:
    check_light_node(RespondNode)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"output": "draft", "status": 200, "headers": {}}),
        ({"body": None, "status": 204}, {"output": None, "status": 204, "headers": {}}),
        (
            {"body": {"a": 1}, "headers": {"Location": " /a "}},
            {"output": {"a": 1}, "status": 200, "headers": {"Location": "/a"}},
        ),
    ],
)
def test_the_answer_is_what_the_config_says(config: dict[str, object], expected: dict[str, object]) -> None:
    assert run_node(RespondNode, config, {"before": {"output": "draft"}}) == ("main", expected)


@pytest.mark.parametrize(
    "config",
    [
        {"status": 199},
        {"status": 600},
        {"headers": {"Set-Cookie": "a=b"}},
        {"headers": {"Content-Length": "0"}},
        {"headers": {"a b": "c"}},
        {"headers": {"X-A": "b\r\nX-Injected: c"}},
    ],
)
def test_what_no_answer_may_carry_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(NodeConfigError):
        RespondNode(config)


def test_a_header_that_no_answer_may_carry_is_found_when_the_workflow_is_saved() -> None:
    assert [
        field for field, _ in RespondNode.check_config({"headers": {"Set-Cookie": "{{ a.output }}"}})
    ] == ["config.headers.Set-Cookie"]
    assert RespondNode.check_config({"headers": {"X-Id": "{{ a.output }}"}}) == []
