"""Steps expand, item and collect of a for_each node."""

from __future__ import annotations

import pytest

from engine.errors import NodeError, RetryableNodeError
from engine.execution import NodeStatus
from engine.node import NodeResult
from engine.task import TaskAnswer
from engine.workflow import MAX_ITEMS
from tests.unit.engine_bench import EngineBench, connect, node


def run_all(bench: EngineBench, execution: str, node_id: str) -> TaskAnswer:
    """What the Map does, one item after the other."""
    for index in bench.run(execution, node_id, "expand").indexes or ():
        bench.run(execution, node_id, "item", item=index)
    return bench.run(execution, node_id, "collect")


@pytest.mark.parametrize("count", [0, 1, 25])
def test_each_item_runs_and_the_results_stand_in_order(bench: EngineBench, count: int) -> None:
    execution = bench.begin(node("a", for_each=list(range(count)), value="{{item}}/{{index}}"))
    assert bench.run(execution, "a", "expand") == TaskAnswer(indexes=tuple(range(count)))
    for index in reversed(range(count)):
        assert bench.run(execution, "a", "item", item=index) == TaskAnswer(output_name="main")
    assert bench.run(execution, "a", "collect") == TaskAnswer(output_name="main")
    run = bench.record(execution, "a")
    outputs = [f"{index}/{index}" for index in range(count)]
    assert (run.status, run.item_count, run.items) == (NodeStatus.SUCCEEDED, count, None)
    assert run.result == {
        "output": outputs,
        "items": [{"output": output} for output in outputs],
        "count": count,
    }


def test_every_step_may_come_twice(bench: EngineBench) -> None:
    execution = bench.begin(node("a", for_each=["x"], value="{{item}}"))
    for _ in range(2):
        assert bench.run(execution, "a", "expand") == TaskAnswer(indexes=(0,))
    for _ in range(2):
        bench.run(execution, "a", "item", item=0)
    for _ in range(2):
        assert bench.run(execution, "a", "collect") == TaskAnswer(output_name="main")
    assert len(bench.scripts.calls) == 1
    assert bench.run(execution, "a", "expand") == TaskAnswer(indexes=())


def test_items_come_from_an_expression(bench: EngineBench) -> None:
    execution = bench.begin(
        node("list", value=[{"name": "a"}, {"name": "b"}]),
        node("each", for_each="{{list.output}}", value="{{item.name}}"),
        connections=connect("list>each"),
    )
    bench.run(execution, "list")
    run_all(bench, execution, "each")
    assert bench.record(execution, "each").result["output"] == ["a", "b"]  # type: ignore[index]


def test_large_items_lie_behind_a_claim(bench: EngineBench) -> None:
    execution = bench.begin(
        node("list", value=["x" * 30_000, "y" * 30_000]),
        node("each", for_each="{{list.output}}", value="{{length(item)}}"),
        connections=connect("list>each"),
    )
    bench.run(execution, "list")
    bench.run(execution, "each", "expand")
    run = bench.record(execution, "each")
    assert (run.items, run.item_count) == (None, 2)
    assert run.items_claim is not None
    run_all(bench, execution, "each")
    assert bench.record(execution, "each").result["output"] == [30_000, 30_000]  # type: ignore[index]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("{{a.output}}", "for_each needs a list, and this is a str"),
        (list(range(MAX_ITEMS + 1)), "for_each has 10,001 items, over the limit of 10,000: split the list"),
    ],
)
def test_items_that_are_no_list_or_too_many_fail_the_node(
    bench: EngineBench, items: object, message: str
) -> None:
    execution = bench.begin(node("a", value="text"), node("b", for_each=items), connections=connect("a>b"))
    bench.run(execution, "a")
    for _ in range(2):
        with pytest.raises(NodeError, match="its node run says why"):
            bench.run(execution, "b", "expand")
    error = bench.record(execution, "b").error
    assert error is not None
    assert (error.message, error.field) == (message, "for_each.items")


def test_a_dead_node_has_no_items_and_stays_skipped(bench: EngineBench) -> None:
    execution = bench.begin(
        node("fork", "fork"), node("each", for_each=[1]), connections=connect("fork.left>each")
    )
    bench.scripts.run = lambda *_: NodeResult({"output": None}, "right")
    bench.run(execution, "fork")
    assert bench.run(execution, "each", "expand") == TaskAnswer(indexes=())
    assert bench.run(execution, "each", "collect") == TaskAnswer()
    assert bench.record(execution, "each").status is NodeStatus.SKIPPED


def test_a_disabled_node_hands_on_and_has_no_items(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", value=1), node("each", for_each=[1], disabled=True), connections=connect("a>each")
    )
    bench.run(execution, "a")
    assert bench.run(execution, "each", "expand") == TaskAnswer(indexes=())
    assert bench.run(execution, "each", "collect") == TaskAnswer(output_name="main")
    assert bench.record(execution, "each").result == {"output": 1}


def fail_on_two(config: dict[str, object], inputs: object, context: object) -> NodeResult:
    if config["value"] == 2:
        raise NodeError("two is bad")
    return NodeResult({"output": config["value"]})


@pytest.mark.parametrize(("on_error", "leaves"), [("continue", "main"), ("output", "error")])
def test_failed_items_stand_in_the_list_with_their_errors(
    bench: EngineBench, on_error: str, leaves: str
) -> None:
    execution = bench.begin(node("a", for_each=[1, 2, 3], value="{{item}}", on_error=on_error))
    bench.scripts.run = fail_on_two
    bench.run(execution, "a", "expand")
    for index in (0, 2):
        bench.run(execution, "a", "item", item=index)
    for _ in range(2):
        assert bench.run(execution, "a", "item", item=1) == TaskAnswer(output_name="main")
    assert bench.run(execution, "a", "collect") == TaskAnswer(output_name=leaves)
    error = {"type": "NodeError", "message": "two is bad", "node_id": "a", "retryable": False}
    run = bench.record(execution, "a")
    assert run.status is NodeStatus.SUCCEEDED
    assert run.result == {
        "output": [1, None, 3],
        "items": [{"output": 1}, {"output": None, "error": error}, {"output": 3}],
        "count": 3,
    }


def test_without_failures_on_error_output_leaves_through_main(bench: EngineBench) -> None:
    execution = bench.begin(node("a", for_each=[1], value="{{item}}", on_error="output"))
    assert run_all(bench, execution, "a") == TaskAnswer(output_name="main")


def test_a_failing_item_stops_the_map_and_stands_in_its_own_record(bench: EngineBench) -> None:
    execution = bench.begin(node("a", for_each=[1, 2], value="{{item}}"))
    bench.scripts.run = fail_on_two
    bench.run(execution, "a", "expand")
    with pytest.raises(NodeError, match="node 'a' failed"):
        bench.run(execution, "a", "item", item=1)
    assert bench.record(execution, "a", 1).status is NodeStatus.FAILED
    assert bench.record(execution, "a").status is NodeStatus.RUNNING


def test_an_item_is_tried_again_by_itself(bench: EngineBench) -> None:
    execution = bench.begin(node("a", for_each=[1], value="{{item}}"))
    bench.run(execution, "a", "expand")

    def busy(*_: object) -> NodeResult:
        raise RetryableNodeError("busy")

    bench.scripts.run = busy
    with pytest.raises(RetryableNodeError):
        bench.run(execution, "a", "item", item=0)
    bench.scripts.run = lambda *_: NodeResult({"output": "ok"})
    bench.run(execution, "a", "item", item=0)
    run = bench.record(execution, "a", 0)
    assert (run.attempts, run.result, run.item) == (2, {"output": "ok"}, 0)


def test_items_have_idempotency_keys_of_their_own(bench: EngineBench) -> None:
    execution = bench.begin(node("a", for_each=[1, 1], value="{{item}}"))
    run_all(bench, execution, "a")
    assert len({context.idempotency_key for context in bench.scripts.calls}) == 2
    assert [context.item_index for context in bench.scripts.calls] == [0, 1]


def test_results_that_are_too_large_together_fail_the_node(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.values.MAX_VALUE_BYTES", 100_000)
    execution = bench.begin(node("a", for_each=[1, 2, 3]))
    bench.scripts.run = lambda *_: NodeResult({"output": "x" * 30_000})
    with pytest.raises(NodeError, match="its node run says why"):
        run_all(bench, execution, "a")
    run = bench.record(execution, "a")
    assert run.status is NodeStatus.FAILED
    assert run.error is not None
    assert "over the limit" in run.error.message
