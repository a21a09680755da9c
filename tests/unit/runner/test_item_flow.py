"""Items that are taken from the items of other nodes."""

from __future__ import annotations

from engine.errors import NodeError
from engine.execution import NodeStatus
from engine.node import NodeInputs, NodeResult
from engine.service.retry import RetryPlanner
from engine.task import TaskAnswer
from tests.unit.engine_bench import EngineBench, connect, node


def follow(bench: EngineBench) -> str:
    """Two items, each of which runs through ``a``, then through the way of ``c`` that ``a`` says."""
    execution = bench.begin(
        node("a", for_each=["left", "right"], value="{{item}}"),
        node("c", "fork", for_each="{{a.output}}", value="{{item}}"),
        node("t", for_each="{{c.output}}", value="t of {{item}}"),
        node("f", for_each="{{c.output}}", value="f of {{item}}"),
        node("m", for_each="{{merge_items(t.output, f.output)}}", value="{{item}}"),
        connections=connect("a>c", "c.left>t", "c.right>f", "t>m", "f>m"),
    )

    def act(config: dict[str, object], inputs: NodeInputs, context: object) -> NodeResult:
        leaves = config["value"] if config["value"] in ("left", "right") and "a" in inputs else "main"
        return NodeResult({"output": config["value"], "saw": sorted(inputs)}, str(leaves))

    bench.scripts.run = act
    return execution


def run_all(bench: EngineBench, execution: str, names: str) -> None:
    for name in names:
        for index in bench.run(execution, name, "expand").indexes or ():
            bench.run(execution, name, "item", item=index)
        bench.run(execution, name, "collect")


def test_items_go_the_way_that_their_sources_left(bench: EngineBench) -> None:
    execution = follow(bench)
    run_all(bench, execution, "actfm")
    assert bench.record(execution, "c").result["outputs"] == ["left", "right"]  # type: ignore[index]
    assert bench.record(execution, "t").result == {
        "output": ["t of left", None],
        "items": [{"output": "t of left", "saw": ["c"]}, None],
        "count": 2,
    }
    assert bench.record(execution, "m").result["output"] == ["t of left", "f of right"]  # type: ignore[index]
    assert bench.record(execution, "f", 0).status is NodeStatus.SKIPPED


def test_one_call_lists_the_items_of_all_that_share_a_map(bench: EngineBench) -> None:
    execution = follow(bench)
    names = ("a", "c", "t", "f", "m")
    task = bench.task(execution, "a", "expand").model_copy(update={"nodes": names})
    for _ in range(2):
        assert bench.runner.run(task) == TaskAnswer(indexes=(0, 1))
    assert {bench.record(execution, name).item_count for name in names} == {2}


def test_a_fork_in_a_map_skips_the_other_ways_of_the_item(bench: EngineBench) -> None:
    execution = follow(bench)
    task = bench.task(execution, "a", "expand").model_copy(update={"nodes": ("a", "c", "t", "f", "m")})
    bench.runner.run(task)
    bench.run(execution, "a", "item", item=1)
    assert bench.run(execution, "c", "item", item=1, fork="c") == TaskAnswer(output_name="right")
    assert bench.record(execution, "t", 1).status is NodeStatus.SKIPPED
    assert bench.executions.list_node_runs(execution, node_id="f").items == ()
    assert bench.record(execution, "m").status is NodeStatus.RUNNING


def test_a_retry_keeps_the_items_that_others_went_on_from(bench: EngineBench) -> None:
    execution = follow(bench)
    task = bench.task(execution, "a", "expand").model_copy(update={"nodes": ("a", "c", "t", "f", "m")})
    bench.runner.run(task)
    bench.run(execution, "a", "item", item=0)
    bench.run(execution, "c", "item", item=0)
    bench.run(execution, "f", "item", item=0)
    earlier = bench.executions.get(execution)
    workflow = bench.workflows.get_version(earlier.workflow_id, 1).workflow
    again = earlier.model_copy(update={"execution_id": "again", "retry_of": execution})
    kept = RetryPlanner(bench.workflows, bench.executions, bench.values).kept_runs(again, workflow)
    assert [(run.node_id, run.item, run.status.value) for run in kept] == [
        ("a", 0, "succeeded"),
        ("c", 0, "succeeded"),
        ("f", 0, "skipped"),
    ]


def test_items_of_a_node_that_is_kept_without_them_are_read_from_its_result(bench: EngineBench) -> None:
    execution = follow(bench)
    run_all(bench, execution, "ac")
    kept = bench.begin(
        node("a", for_each=["left", "right"], value="{{item}}"),
        node("c", "fork", for_each="{{a.output}}", value="{{item}}"),
        node("t", for_each="{{c.output}}", value="t of {{item}}"),
        connections=connect("a>c", "c.left>t"),
    )
    for name in "ac":
        record = bench.record(execution, name)
        bench.executions.finish_node(record.model_copy(update={"execution_id": kept}))
    run_all(bench, kept, "t")
    assert bench.record(kept, "t").result["output"] == ["t of left", None]  # type: ignore[index]


def test_a_source_without_items_gives_none(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", for_each="{{ x.output }}", value=1, on_error="continue"),
        node("x", value="no list"),
        node("b", for_each="{{a.output}}", value=2, on_error="continue"),
        connections=connect("x>a", "a>b"),
    )
    bench.run(execution, "x")
    task = bench.task(execution, "a", "expand").model_copy(update={"nodes": ("a", "b")})
    assert bench.runner.run(task) == TaskAnswer(indexes=())
    told = [bench.record(execution, name).error for name in "ab"]
    assert [error.message for error in told if error] == [
        "for_each needs an array, and this is a string",
        "for_each needs an array, and this is null",
    ]


def test_an_item_that_fails_for_good_stops_what_follows(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", for_each=[1], on_error="output"),
        node("b", for_each="{{a.output}}"),
        node("h", for_each="{{a.items}}", value="{{item.error.message}}"),
        connections=connect("a>b", "a.error>h"),
    )

    def act(config: dict[str, object], inputs: NodeInputs, context: object) -> NodeResult:
        if not inputs:
            raise NodeError("bad")
        return NodeResult({"output": config["value"]})

    bench.scripts.run = act
    run_all(bench, execution, "abh")
    assert bench.record(execution, "b", 0).status is NodeStatus.SKIPPED
    assert bench.record(execution, "h").result["output"] == ["bad"]  # type: ignore[index]
