from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.errors import NodeConfigError, NodeError
from engine.node import NodeContext
from nodes.wait_node import MAX_WAIT_SECONDS, WaitNode
from tests.unit.nodes.node_bench import make_context, run

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def at_noon() -> NodeContext:
    return replace(make_context(), now=NOW)


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ({"seconds": 30}, 30),
        ({"seconds": 0.6}, 1),
        ({"seconds": MAX_WAIT_SECONDS}, MAX_WAIT_SECONDS),
        ({"until": "2030-05-01T12:00:10Z"}, 10),
        ({"until": "2030-05-01T14:01:00+02:00"}, 60),
        ({"until": "2030-05-02"}, 43_200),
    ],
)
def test_it_is_pending_until_the_moment_and_then_goes_on(
    config: dict[str, Any], seconds: int, at_noon: NodeContext
) -> None:
    pending = run(WaitNode(config), at_noon).pending_work
    assert pending is not None
    assert pending.poll_after_seconds == seconds
    state = json.loads(json.dumps(pending.state))
    later = replace(at_noon, now=NOW + timedelta(seconds=seconds))
    done = asyncio.run(WaitNode(config).poll(state, later))
    assert done.pending_work is None
    assert done.values["waited_seconds"] == seconds
    assert datetime.fromisoformat(done.values["output"]) == NOW + timedelta(seconds=seconds)


def test_a_task_that_came_twice_waits_for_the_rest(at_noon: NodeContext) -> None:
    node = WaitNode({"seconds": 30})
    first = run(node, at_noon).pending_work
    assert first is not None
    again = asyncio.run(
        node.poll(first.state, replace(at_noon, now=NOW + timedelta(seconds=10)))
    ).pending_work
    assert again is not None
    assert (again.poll_after_seconds, again.state) == (20, first.state)


@pytest.mark.parametrize(
    "config", [{"seconds": 0}, {"until": "2030-05-01T12:00:00Z"}, {"until": "1999-01-01"}]
)
def test_what_has_passed_is_not_waited_for(config: dict[str, Any], at_noon: NodeContext) -> None:
    result = run(WaitNode(config), at_noon)
    assert result.pending_work is None
    assert result.values["waited_seconds"] == 0


def test_further_away_than_a_year_is_refused(at_noon: NodeContext) -> None:
    with pytest.raises(NodeError, match="one year") as refused:
        run(WaitNode({"until": "2031-05-03"}), at_noon)
    assert refused.value.field == "config.until"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"seconds": -1}, "seconds: must be 0 or more"),
        ({"seconds": MAX_WAIT_SECONDS + 1}, "seconds: must be 31536000 or less"),
        ({"until": "next week"}, "no ISO 8601 date"),
    ],
)
def test_a_wait_that_makes_no_sense_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(NodeConfigError, match=said):
        WaitNode(config)


@pytest.mark.parametrize("config", [{}, {"seconds": None}, {"seconds": 1, "until": "2030-01-01"}])
def test_it_takes_one_of_the_two(config: dict[str, Any], at_noon: NodeContext) -> None:
    assert [field for field, _ in WaitNode.check_config(config)] == ["config"]
    with pytest.raises(NodeError, match="either seconds or until"):
        run(WaitNode(config), at_noon)


def test_an_expression_is_one_of_the_two() -> None:
    assert WaitNode.check_config({"until": "{{ order.output.due_at }}"}) == []
    assert WaitNode.longest_wait_seconds({"seconds": "{{ n.output }}"}) is None
