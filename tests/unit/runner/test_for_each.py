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
        ("text", "for_each needs an array, and this is a string"),
        (list(range(MAX_ITEMS + 1)), "for_each has 10,001 items, over the limit of 10,000: split the list"),
    ],
)
def test_items_that_are_no_list_or_too_many_fail_the_node(
    bench: EngineBench, items: object, message: str
) -> None:
    execution = bench.begin(
        node("a", value=items), node("b", for_each="{{a.output}}"), connections=connect("a>b")
    )
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
        assert bench.run(execution, "a", "item", item=1) == TaskAnswer(output_name=leaves)
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


@pytest.mark.parametrize(("most", "distributed"), [(None, None), (3, False), (2, True), (0, True)])
def test_a_map_is_distributed_when_an_inline_one_has_no_room(
    bench: EngineBench, most: int | None, distributed: bool | None
) -> None:
    execution = bench.begin(node("a", for_each={"items": list(range(5)), "batch_size": 2}))
    task = bench.task(execution, "a", "expand").model_copy(update={"inline_items": most})
    assert bench.runner.run(task) == TaskAnswer(indexes=(0, 2, 4), distributed=distributed)


def tolerant(bench: EngineBench, failing: set[int], on_error: str = "stop", **tolerance: float) -> str:
    """Ten items, some of which fail."""
    for_each = {"items": list(range(10)), **tolerance}
    execution = bench.begin(node("a", for_each=for_each, value="{{item}}", on_error=on_error))

    def fail(config: dict[str, object], *_: object) -> NodeResult:
        if config["value"] in failing:
            raise NodeError("bad")
        return NodeResult({"output": config["value"]})

    bench.scripts.run = fail
    return execution


@pytest.mark.parametrize("on_error", ["stop", "continue", "output"])
@pytest.mark.parametrize(
    "tolerance",
    [
        {"tolerated_failures": 2},
        {"tolerated_failure_percentage": 20},
        {"tolerated_failures": 3, "tolerated_failure_percentage": 25.5},
    ],
)
def test_so_many_items_may_fail_and_the_node_succeeds(
    bench: EngineBench, on_error: str, tolerance: dict[str, float]
) -> None:
    execution = tolerant(bench, {1, 7}, on_error, **tolerance)
    assert run_all(bench, execution, "a") == TaskAnswer(output_name="main")
    result = bench.record(execution, "a").result
    assert result is not None
    assert result["output"] == [0, None, 2, 3, 4, 5, 6, None, 8, 9]
    assert result["items"][7]["error"]["message"] == "bad"


@pytest.mark.parametrize(
    ("tolerance", "field"),
    [
        ({"tolerated_failures": 1}, "tolerated_failures"),
        ({"tolerated_failures": 0}, "tolerated_failures"),
        ({"tolerated_failure_percentage": 19.9}, "tolerated_failure_percentage"),
    ],
)
def test_with_more_failures_the_node_fails(
    bench: EngineBench, tolerance: dict[str, float], field: str
) -> None:
    execution = tolerant(bench, {1, 7}, **tolerance)
    with pytest.raises(NodeError, match="node 'a' failed"):
        run_all(bench, execution, "a")
    run = bench.record(execution, "a")
    assert (run.status, run.output_name) == (NodeStatus.FAILED, None)
    assert run.error is not None
    assert run.error.message == "2 of 10 items failed, more than for_each tolerates; item 1: bad"
    assert run.error.field == f"for_each.{field}"


def test_what_is_not_tolerated_leaves_as_the_author_said(bench: EngineBench) -> None:
    execution = tolerant(bench, {1, 7}, "output", tolerated_failures=1)
    assert run_all(bench, execution, "a") == TaskAnswer(output_name="error")
    assert bench.record(execution, "a").status is NodeStatus.FAILED


def test_a_gathering_without_every_item_fails_the_node(bench: EngineBench) -> None:
    execution = bench.begin(node("a", for_each=[1, 2, 3], value="{{item}}"))
    bench.run(execution, "a", "expand")
    bench.run(execution, "a", "item", item=1)
    with pytest.raises(NodeError):
        bench.run(execution, "a", "collect")
    error = bench.record(execution, "a").error
    assert error is not None
    assert error.message == "2 items never ended: their function was stopped; try again"


def test_gathering_after_a_failed_map_names_the_item(bench: EngineBench) -> None:
    execution = tolerant(bench, {4})
    bench.run(execution, "a", "expand")
    with pytest.raises(NodeError):
        bench.run(execution, "a", "item", item=4)
    with pytest.raises(NodeError, match="node 'a' failed"):
        bench.run(execution, "a", "collect")
    error = bench.record(execution, "a").error
    assert error is not None
    assert (error.type, error.message) == ("NodeError", "item 4: bad")
