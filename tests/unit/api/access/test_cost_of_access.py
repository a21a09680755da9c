"""What access control costs a request: reads and writes of the stores, counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.unit.api.access.access_bench import AccessBench


class Counted:
    """A store whose calls are counted by name."""

    def __init__(self, store: Any, calls: Counter[str]) -> None:
        self._store, self._calls = store, calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._calls[name] += 1
            return method(*arguments, **named)

        return call


@pytest.fixture
def calls(bench: AccessBench) -> Counter[str]:
    counted: Counter[str] = Counter()
    services = bench.services
    object.__setattr__(services.sign_in, "keys", Counted(bench.key_store, counted))
    object.__setattr__(services.limits, "limits", Counted(bench.limits, counted))
    object.__setattr__(services.visibility, "workflows", Counted(bench.workflows, counted))
    object.__setattr__(services.visibility, "executions", Counted(bench.executions, counted))
    return counted


def cost(bench: AccessBench, calls: Counter[str], key: str, path: str) -> dict[str, int]:
    calls.clear()
    bench.ask(key, "GET", path)
    return dict(calls)


def test_a_request_costs_one_read_at_most_and_the_counting(bench: AccessBench, calls: Counter[str]) -> None:
    key = bench.key("ann", limits={"requests_per_minute": 1_000})
    assert cost(bench, calls, key, "/node-types") == {"get": 1, "touch": 1, "take": 1}
    assert cost(bench, calls, key, "/node-types") == {"take": 1}
    bench.clock.advance(11)
    assert cost(bench, calls, key, "/node-types") == {"get": 1, "take": 1}
    unlimited = bench.key("ann")
    cost(bench, calls, unlimited, "/node-types")
    assert cost(bench, calls, unlimited, "/node-types") == {}


def test_sight_of_a_workflow_costs_one_read_in_five_seconds_and_an_administrator_none(
    bench: AccessBench, calls: Counter[str]
) -> None:
    ann, root = bench.key("ann"), bench.key("root", "admin")
    workflow_id = bench.save(ann)
    execution_id = bench.start(ann, workflow_id).json()["id"]
    bench.clock.advance(5)
    bench.ask(root, "GET", "/me")
    assert cost(bench, calls, ann, f"/workflows/{workflow_id}") == {"get_head": 1}
    assert cost(bench, calls, ann, f"/executions/{execution_id}") == {"get": 1}
    assert cost(bench, calls, ann, f"/executions/{execution_id}") == {}
    assert cost(bench, calls, root, f"/executions/{execution_id}") == {}


def test_guessing_one_key_costs_one_read_in_ten_seconds_and_a_used_up_limit_no_writes(
    bench: AccessBench, calls: Counter[str]
) -> None:
    guessed = f"mn8_{'0' * 26}_{'A' * 44}"
    assert cost(bench, calls, guessed, "/me") == {"get": 1}
    assert cost(bench, calls, guessed, "/me") == {}
    key = bench.key("ann", limits={"requests_per_minute": 1})
    assert [cost(bench, calls, key, "/me").get("take", 0) for _ in range(4)] == [1, 1, 0, 0]
