"""Step run: decide, run once, store once."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import ExecutionEndedError, MiniN8nError, NodeError
from engine.execution import ExecutionStatus, NodeStatus
from engine.machine import MachineExecution
from engine.node import NodeResult
from engine.task import Task, TaskAnswer
from tests.unit.engine_bench import EngineBench, connect, node


def test_a_node_runs_and_its_result_is_stored(bench: EngineBench) -> None:
    execution = bench.begin(node("a", value={"x": 1}))
    assert bench.run(execution, "a") == TaskAnswer(output_name="main")
    run = bench.record(execution, "a")
    assert (run.status, run.output_name, run.result, run.attempts, run.error) == (
        NodeStatus.SUCCEEDED,
        "main",
        {"output": {"x": 1}},
        1,
        None,
    )
    assert run.started_at == run.ended_at == bench.clock.now()
    assert bench.metrics.total("NodeRuns", status="succeeded") == 1


def test_a_stored_result_is_answered_without_running_again(bench: EngineBench) -> None:
    execution = bench.begin(node("a", value=1))
    answers = [bench.run(execution, "a") for _ in range(3)]
    assert answers == [TaskAnswer(output_name="main")] * 3
    assert len(bench.scripts.calls) == 1


def test_what_was_stored_while_the_node_ran_wins(bench: EngineBench) -> None:
    """The same task twice at once: both run, the first to store decides what everyone sees."""
    execution = bench.begin(node("a", "fork"))

    async def run_again(config: object, inputs: object, context: object) -> NodeResult:
        bench.scripts.run = lambda *_: NodeResult({"output": "first"}, "left")
        await asyncio.to_thread(bench.run, execution, "a")
        return NodeResult({"output": "second"}, "right")

    bench.scripts.run = run_again
    assert bench.run(execution, "a") == TaskAnswer(output_name="left")
    assert bench.record(execution, "a").result == {"output": "first"}


def test_a_failure_after_the_same_node_run_succeeded_changes_nothing(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))

    async def fail_late(config: object, inputs: object, context: object) -> NodeResult:
        bench.scripts.run = lambda *_: NodeResult({"output": "first"})
        await asyncio.to_thread(bench.run, execution, "a")
        raise NodeError("too late")

    bench.scripts.run = fail_late
    assert bench.run(execution, "a") == TaskAnswer(output_name="main")
    assert bench.record(execution, "a").status is NodeStatus.SUCCEEDED


def test_results_of_live_sources_come_in_by_node_id(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", value=1), node("b", value=2), node("c"), connections=connect("a>c", "b>c")
    )
    for node_id in "ab":
        bench.run(execution, node_id)
    seen: list[object] = []
    bench.scripts.run = lambda config, inputs, context: seen.append(inputs) or NodeResult({"output": None})
    bench.run(execution, "c")
    assert seen == [{"a": {"output": 1}, "b": {"output": 2}}]


def test_a_node_whose_connections_are_dead_is_skipped_and_makes_its_own_dead(bench: EngineBench) -> None:
    execution = bench.begin(
        node("fork", "fork"),
        node("left"),
        node("right"),
        node("after"),
        connections=connect("fork.left>left", "fork.right>right", "right>after"),
    )
    bench.scripts.run = lambda *_: NodeResult({"output": None}, "left")
    assert bench.run(execution, "fork") == TaskAnswer(output_name="left")
    bench.scripts.run = lambda *_: NodeResult({"output": None})
    assert bench.run(execution, "left") == TaskAnswer(output_name="main")
    assert bench.run(execution, "right") == TaskAnswer()
    assert bench.run(execution, "after") == TaskAnswer()
    for node_id in ("right", "after"):
        run = bench.record(execution, node_id)
        assert (run.status, run.output_name, run.result, run.attempts) == (
            NodeStatus.SKIPPED,
            None,
            None,
            0,
        )


def test_join_all_waits_for_every_connection_and_join_any_for_one(bench: EngineBench) -> None:
    execution = bench.begin(
        node("fork", "fork"),
        node("a"),
        node("any"),
        node("all", join="all"),
        connections=connect("fork.left>any", "a>any", "fork.left>all", "a>all"),
    )
    bench.run(execution, "a")
    bench.scripts.run = lambda *_: NodeResult({"output": None}, "right")
    bench.run(execution, "fork")
    bench.scripts.run = lambda *_: NodeResult({"output": None})
    bench.run(execution, "any")
    bench.run(execution, "all")
    assert bench.record(execution, "any").status is NodeStatus.SUCCEEDED
    assert bench.record(execution, "all").status is NodeStatus.SKIPPED


def test_a_disabled_node_hands_on_what_came_in_first(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", value=[1]), node("b", disabled=True), node("c"), connections=connect("a>b", "b>c")
    )
    bench.run(execution, "a")
    assert bench.run(execution, "b") == TaskAnswer(output_name="main")
    run = bench.record(execution, "b")
    assert (run.status, run.output_name, run.result) == (NodeStatus.SKIPPED, "main", {"output": [1]})
    bench.run(execution, "c")
    assert bench.record(execution, "c").status is NodeStatus.SUCCEEDED
    assert len(bench.scripts.calls) == 2


def test_a_disabled_node_without_sources_hands_on_null(bench: EngineBench) -> None:
    execution = bench.begin(node("a", disabled=True))
    bench.run(execution, "a")
    assert bench.record(execution, "a").result == {"output": None}


def test_expressions_see_results_inputs_and_the_execution(bench: EngineBench) -> None:
    execution = bench.begin(
        node("asked", "input", name="topic", default="tea"),
        node("a", value={"list": [1, 2]}),
        node("b", value="{{topic}}: {{a.output.list[1]}} in {{execution.workflow_name}}/{{execution.id}}"),
        connections=connect("asked>b", "a>b"),
    )
    for node_id in ("asked", "a", "b"):
        bench.run(execution, node_id)
    assert bench.record(execution, "b").result == {"output": f"tea: 2 in Bench/{execution}"}


def test_a_missing_reference_names_node_field_and_expression(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", value=1), node("b", value={"deep": "{{a.nothing}}"}), connections=connect("a>b")
    )
    bench.run(execution, "a")
    with pytest.raises(NodeError, match=r"^node 'b' failed; its node run says why$"):
        bench.run(execution, "b")
    run = bench.record(execution, "b")
    assert run.status is NodeStatus.FAILED
    assert run.error is not None
    assert (run.error.type, run.error.node_id, run.error.field) == (
        "ExpressionError",
        "b",
        "config.value.deep",
    )
    assert "a.nothing" in run.error.message


def test_a_config_that_does_not_fit_once_resolved_names_the_field(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", value=5), node("b", credential="{{a.output}}"), connections=connect("a>b")
    )
    bench.run(execution, "a")
    with pytest.raises(NodeError):
        bench.run(execution, "b")
    error = bench.record(execution, "b").error
    assert error is not None
    assert (error.type, error.field) == ("NodeConfigError", "config.credential")


def test_several_nodes_of_one_task_run_in_order_and_the_last_answers(bench: EngineBench) -> None:
    execution = bench.begin(node("a", value=1), node("b", value="{{a.output}}"), connections=connect("a>b"))
    found = bench.execution(execution)
    task = Task(execution_id=execution, workflow_id=found.workflow_id, version=1, nodes=("a", "b"))
    assert bench.runner.run(task) == TaskAnswer(output_name="main")
    assert bench.record(execution, "b").result == {"output": 1}


def test_a_node_that_comes_before_its_sources_is_a_fault_of_the_definition(bench: EngineBench) -> None:
    execution = bench.begin(node("a"), node("b"), connections=connect("a>b"))
    with pytest.raises(MiniN8nError, match="definition is wrong") as caught:
        bench.run(execution, "b")
    assert not isinstance(caught.value, NodeError)


def test_an_execution_that_has_ended_starts_nothing(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    bench.executions.finish(execution, ExecutionStatus.ABORTED, bench.clock.now())
    with pytest.raises(ExecutionEndedError, match="has ended: aborted"):
        bench.run(execution, "a")
    assert bench.scripts.calls == []


def test_a_result_that_comes_after_the_end_is_refused(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    ended = MachineExecution(ExecutionStatus.ABORTED, bench.clock.now(), bench.clock.now())

    def end_meanwhile(config: object, inputs: object, context: object) -> NodeResult:
        bench.finisher.finish(execution, ended)
        return NodeResult({"output": "late"})

    bench.scripts.run = end_meanwhile
    with pytest.raises(ExecutionEndedError, match="after its execution had ended"):
        bench.run(execution, "a")
    run = bench.record(execution, "a")
    assert (run.status, run.result) == (NodeStatus.ABORTED, None)


def test_an_attempt_that_begins_after_the_end_is_refused(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = bench.begin(node("a"))
    read_nodes = bench.executions.read_nodes

    def read_then_end(execution_id: str, keys: object) -> object:
        found = read_nodes(execution_id, keys)  # type: ignore[arg-type]
        monkeypatch.setattr(bench.executions, "read_nodes", read_nodes)
        ended = MachineExecution(ExecutionStatus.ABORTED, bench.clock.now(), bench.clock.now())
        bench.finisher.finish(execution, ended)
        return found

    monkeypatch.setattr(bench.executions, "read_nodes", read_then_end)
    with pytest.raises(ExecutionEndedError, match="started after its execution had ended"):
        bench.run(execution, "a")
    assert bench.scripts.calls == []


def test_the_running_version_stays_when_the_workflow_is_saved_again(bench: EngineBench) -> None:
    execution = bench.begin(node("a", value="old"))
    head = bench.workflows.get_head(bench.execution(execution).workflow_id)
    changed = {"name": "Bench", "nodes": [node("a", value="new")]}
    bench.workflow_service.update(head.workflow_id, changed, None)
    bench.run(execution, "a")
    assert bench.record(execution, "a").result == {"output": "old"}


def test_a_large_result_lies_behind_a_claim_and_is_read_by_the_next_node(bench: EngineBench) -> None:
    execution = bench.begin(
        node("a", value="{{size.output}}"),
        node("size", "input", name="size", type="string", default="x" * 300_000),
        node("b", value="{{length(a.output)}}"),
        connections=connect("size>a", "a>b"),
    )
    for node_id in ("size", "a", "b"):
        bench.run(execution, node_id)
    run = bench.record(execution, "a")
    assert run.result is None
    assert run.claim is not None
    assert run.claim.key == f"executions/{execution}/a/result.json"
    assert bench.record(execution, "b").result == {"output": 300_000}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"output": float("nan")}, "not JSON"),
        ({"output": {1, 2}}, "not JSON"),
        ({"text": "no output"}, "create_result"),
        ({"output": 1, 2: 3}, "create_result"),
    ],
)
def test_a_result_that_is_no_json_fails_the_node(
    bench: EngineBench, values: dict[str, object], message: str
) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = lambda *_: NodeResult(values)
    with pytest.raises(NodeError, match="its node run says why"):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert message in error.message


def test_a_result_nested_too_deeply_fails_the_node(bench: EngineBench) -> None:
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    execution = bench.begin(node("a"))
    bench.scripts.run = lambda *_: NodeResult({"output": deep})
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert "nested deeper than 200 levels" in error.message


def test_a_result_over_the_limit_is_recorded_as_the_failure_of_its_node(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.values.MAX_VALUE_BYTES", 50_000)
    execution = bench.begin(node("a"))
    bench.scripts.run = lambda *_: NodeResult({"output": "x" * 60_000})
    with pytest.raises(NodeError, match="its node run says why"):
        bench.run(execution, "a")
    run = bench.record(execution, "a")
    assert run.status is NodeStatus.FAILED
    assert run.error is not None
    assert "over the limit of 50,000" in run.error.message


@pytest.mark.parametrize("returned", [None, {"output": 1}, "text"])
def test_a_node_must_return_a_node_result(bench: EngineBench, returned: object) -> None:
    execution = bench.begin(node("a"))
    bench.scripts.run = lambda *_: returned
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert f"returned {type(returned).__name__}, not a NodeResult" in error.message


def test_an_output_that_the_type_does_not_have_fails_the_node(bench: EngineBench) -> None:
    execution = bench.begin(node("a", "fork"))
    bench.scripts.run = lambda *_: NodeResult({"output": 1}, "centre")
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert "left through 'centre', which is none of its outputs: left, right" in error.message


def test_a_node_type_that_was_uninstalled_fails_its_node(bench: EngineBench) -> None:
    execution = bench.begin(node("a"))
    del bench.registry._classes["call"]
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert (error.field, error.message[:31]) == ("type", "there is no node type 'call' an")


def test_the_context_tells_a_node_where_it_is(bench: EngineBench) -> None:
    execution = bench.begin(node("a", timeout_seconds=7))
    bench.run(execution, "a")
    found = bench.execution(execution)
    (context,) = bench.scripts.calls
    assert (context.node_id, context.execution_id, context.workflow_id, context.version) == (
        "a",
        execution,
        found.workflow_id,
        1,
    )
    assert (context.item_index, context.attempt, context.timeout_seconds) == (None, 1, 7.0)
    assert len(context.idempotency_key) == 32


def test_a_file_gets_a_link_that_nobody_guesses_and_is_read_by_its_key(bench: EngineBench) -> None:
    async def save(config: object, inputs: object, context: object) -> NodeResult:
        stored = await context.files.save("../my picture?.png", b"png", "image/png")  # type: ignore[attr-defined]
        data = await context.files.read(stored.key)  # type: ignore[attr-defined]
        return NodeResult({"output": stored.as_json(), "size": len(data)})

    execution = bench.begin(node("a"))
    bench.scripts.run = save
    bench.run(execution, "a")
    result = bench.record(execution, "a").result
    assert result is not None
    stored = result["output"]
    assert stored["name"] == "my-picture-.png"
    assert stored["url"] == f"http://mini-n8n.test/{stored['key']}"
    assert stored["key"].startswith(f"files/{execution}/")
    assert result["size"] == 3


@pytest.mark.parametrize("key", ["executions/ex_1/a/result.json", "files/none", ""])
def test_a_node_reads_files_alone(bench: EngineBench, key: str) -> None:
    async def read(config: object, inputs: object, context: object) -> NodeResult:
        return NodeResult({"output": await context.files.read(key)})  # type: ignore[attr-defined]

    execution = bench.begin(node("a"))
    bench.scripts.run = read
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    assert bench.record(execution, "a").status is NodeStatus.FAILED


def test_what_is_reached_through_outputs_not_taken_alone_is_skipped_with_the_fork(bench: EngineBench) -> None:
    execution = bench.begin(
        node("fork", "fork"),
        node("left"),
        node("right"),
        node("after"),
        node("both"),
        node("other"),
        connections=connect(
            "fork.left>left", "fork.right>right", "right>after", "fork.right>after", "left>both", "after>both"
        ),
    )
    bench.scripts.run = lambda *_: NodeResult({"output": None}, "left")
    assert bench.run(execution, "fork", fork="fork") == TaskAnswer(output_name="left")
    assert [bench.record(execution, node_id).status for node_id in ("right", "after")] == [
        NodeStatus.SKIPPED
    ] * 2
    for undecided in ("left", "both", "other"):
        with pytest.raises(KeyError):
            bench.record(execution, undecided)
