"""Batches: several items of a for_each node in one call."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from engine.errors import NodeError, NodeTimeoutError, RetryableNodeError
from engine.execution import NodeStatus
from engine.node import NodeResult
from engine.task import TaskAnswer
from tests.unit.engine_bench import EngineBench, node


def begin(bench: EngineBench, count: int = 5, size: int = 3, **more: Any) -> str:
    for_each = {"items": list(range(count)), "batch_size": size, **more.pop("tolerance", {})}
    execution = bench.begin(node("a", for_each=for_each, value="{{item}}", timeout_seconds=1, **more))
    bench.run(execution, "a", "expand")
    return execution


def run(bench: EngineBench, execution: str, first: int, step: Any = "item", size: int = 3) -> TaskAnswer:
    task = bench.task(execution, "a", step, item=first, error_name="E" if step == "settle" else None)
    return bench.runner.run(task.model_copy(update={"batch": size}))


def failing(bench: EngineBench, errors: dict[int, Exception]) -> Counter[int]:
    """Items that fail with these errors; how often each was run."""
    calls: Counter[int] = Counter()

    def act(config: dict[str, Any], *_: object) -> NodeResult:
        calls[config["value"]] += 1
        if config["value"] in errors:
            raise errors[config["value"]]
        return NodeResult({"output": config["value"]})

    bench.scripts.run = act
    return calls


def statuses(bench: EngineBench, execution: str) -> list[str]:
    runs = bench.executions.list_node_runs(execution, node_id="a").items
    return [f"{run.item}:{run.status.value}:{run.attempts}" for run in runs]


def test_a_batch_runs_its_items_and_no_more_than_there_are(bench: EngineBench) -> None:
    execution = begin(bench)
    calls = failing(bench, {})
    for _ in range(2):
        assert run(bench, execution, 0) == TaskAnswer()
        assert run(bench, execution, 3) == TaskAnswer()
    assert calls == Counter(range(5))
    assert bench.run(execution, "a", "collect") == TaskAnswer(output_name="main")
    result = bench.record(execution, "a").result
    assert result is not None
    assert result["output"] == [0, 1, 2, 3, 4]


def test_items_of_light_nodes_are_written_together(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_each = {"items": list(range(5)), "batch_size": 3}
    execution = bench.begin(node("a", "transform", for_each=for_each, value="{{ divide(`6`, item) }}"))
    bench.run(execution, "a", "expand")
    written: list[int] = []
    write_nodes = bench.executions.write_nodes

    def count(runs: Any) -> bool:
        written.append(len(runs))
        return write_nodes(runs)

    monkeypatch.setattr(bench.executions, "write_nodes", count)
    run(bench, execution, 3)
    assert written == [2]
    with pytest.raises(NodeError):
        run(bench, execution, 0)
    assert written == [2, 1]
    assert statuses(bench, execution) == ["0:failed:1", "3:succeeded:1", "4:succeeded:1"]


def test_an_item_that_may_be_tried_again_keeps_nobody_waiting(bench: EngineBench) -> None:
    execution = begin(bench)
    calls = failing(bench, {0: RetryableNodeError("busy")})
    with pytest.raises(RetryableNodeError):
        run(bench, execution, 0)
    assert statuses(bench, execution) == ["0:running:1", "1:succeeded:1", "2:succeeded:1"]
    failing(bench, {}).update(calls)
    run(bench, execution, 0)
    assert statuses(bench, execution) == ["0:succeeded:2", "1:succeeded:1", "2:succeeded:1"]


def test_a_failure_for_good_ends_the_batch_and_is_what_step_functions_sees(bench: EngineBench) -> None:
    execution = begin(bench)
    calls = failing(bench, {0: RetryableNodeError("busy"), 1: NodeError("bad")})
    with pytest.raises(NodeError, match="node 'a' failed") as raised:
        run(bench, execution, 0)
    assert type(raised.value) is NodeError
    assert calls == Counter([0, 1])
    assert bench.record(execution, "a", 1).status is NodeStatus.FAILED


@pytest.mark.parametrize("settings", [{"on_error": "continue"}, {"tolerance": {"tolerated_failures": 9}}])
def test_items_that_are_settled_fail_once_and_the_others_go_on(
    bench: EngineBench, settings: dict[str, Any]
) -> None:
    execution = begin(bench, **settings)
    calls = failing(bench, {0: NodeError("bad"), 1: RetryableNodeError("busy")})
    for _ in range(2):
        with pytest.raises(RetryableNodeError):
            run(bench, execution, 0)
    assert calls == Counter({0: 1, 1: 2, 2: 1})
    run(bench, execution, 0, "settle")
    assert statuses(bench, execution) == ["0:failed:1", "1:failed:2", "2:succeeded:1"]
    run(bench, execution, 3)
    bench.run(execution, "a", "collect")
    result = bench.record(execution, "a").result
    assert result is not None
    assert result["output"] == [None, None, 2, 3, 4]
    assert [item.get("error", {}).get("message") for item in result["items"][:3]] == ["bad", "busy", None]


@pytest.mark.parametrize("retry", [None, {"max_attempts": 2}])
def test_a_timeout_is_final_unless_the_document_asks_for_a_retry(
    bench: EngineBench, retry: dict[str, int] | None
) -> None:
    execution = begin(bench, **({"retry": retry} if retry else {}))
    calls = failing(bench, {0: NodeTimeoutError("slow")})
    with pytest.raises(NodeTimeoutError):
        run(bench, execution, 0)
    assert calls == (Counter([0, 1, 2]) if retry else Counter([0]))
