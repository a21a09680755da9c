"""Ends that are written together: how many writes a task makes, and what a task finds that comes second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from engine.errors import ExecutionEndedError, NodeError, RetryableNodeError
from engine.execution import NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.node import NodeResult
from engine.task import TaskAnswer
from tests.unit.engine_bench import EngineBench, connect, node


def light(node_id: str, value: object = 1) -> JsonObject:
    return node(node_id, "transform", value=value)


def begin_chain(bench: EngineBench, *nodes: JsonObject) -> str:
    names = [each["id"] for each in nodes]
    links = [f"{before}>{after}" for before, after in pairwise(names)]
    return bench.begin(*nodes, connections=connect(*links))


def run_all(bench: EngineBench, execution: str, names: str, **more: object) -> TaskAnswer:
    task = bench.task(execution, names[0], **more)
    return bench.runner.run(task.model_copy(update={"nodes": tuple(names)}))


@pytest.fixture
def writes(bench: EngineBench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was written, a text for each call: ``a:succeeded c:running``."""
    made: list[str] = []

    def watch(name: str, runs_of: Callable[[object], Sequence[NodeRun]]) -> None:
        write = getattr(bench.executions, name)

        def written(argument: object) -> object:
            made.append(" ".join(f"{run.node_id}:{run.status.value}" for run in runs_of(argument)))
            return write(argument)

        monkeypatch.setattr(bench.executions, name, written)

    for name in ("start_node", "finish_node"):
        watch(name, lambda run: [run])  # type: ignore[list-item]
    for name in ("write_nodes", "finish_nodes"):
        watch(name, lambda runs: runs)  # type: ignore[arg-type, return-value]
    return made


def before_first_write(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> None:
    """Somebody else is quicker by a moment."""
    write_nodes = bench.executions.write_nodes

    def write(runs: Sequence[NodeRun]) -> bool:
        monkeypatch.setattr(bench.executions, "write_nodes", write_nodes)
        act()
        return write_nodes(runs)

    monkeypatch.setattr(bench.executions, "write_nodes", write)


def test_light_nodes_are_written_with_the_start_of_the_heavy_one(
    bench: EngineBench, writes: list[str]
) -> None:
    execution = begin_chain(bench, light("a"), light("b"), node("c"), light("d"), light("e"))
    assert run_all(bench, execution, "abcde") == TaskAnswer(output_name="main")
    assert [text for text in writes if text] == [
        "a:succeeded b:succeeded c:running",
        "c:succeeded",
        "d:succeeded e:succeeded",
    ]


def test_the_result_of_a_heavy_node_is_stored_before_what_follows_runs(bench: EngineBench) -> None:
    execution = begin_chain(bench, node("a", value=7), light("b", "{{ divide(a.output, `0`) }}"))
    with pytest.raises(NodeError, match="node 'b' failed"):
        run_all(bench, execution, "ab")
    assert bench.record(execution, "a").result == {"output": 7}
    assert bench.record(execution, "b").status is NodeStatus.FAILED


@pytest.mark.parametrize("error", [NodeError("bad"), RetryableNodeError("busy")])
def test_what_waited_is_written_when_a_node_fails(bench: EngineBench, error: NodeError) -> None:
    execution = begin_chain(bench, light("a"), node("b"), light("c"))

    def fail(*_: object) -> NodeResult:
        raise error

    bench.scripts.run = fail
    with pytest.raises(NodeError):
        run_all(bench, execution, "abc")
    assert bench.record(execution, "a").result == {"output": 1}
    assert bench.record(execution, "b").error is not None


def test_a_light_node_that_fails_is_written_with_those_before_it(
    bench: EngineBench, writes: list[str]
) -> None:
    execution = begin_chain(bench, light("a"), light("b", "{{ divide(`1`, `0`) }}"), light("c"))
    with pytest.raises(NodeError, match="node 'b' failed"):
        run_all(bench, execution, "abc")
    assert [text for text in writes if text] == ["a:succeeded b:failed"]
    for _ in range(2):  # and stays so, however often it is asked
        with pytest.raises(NodeError, match="node 'b' failed"):
            run_all(bench, execution, "abc")
    assert [text for text in writes if text] == ["a:succeeded b:failed"]


def test_who_comes_second_goes_on_from_what_the_first_wrote(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = begin_chain(
        bench, light("a"), light("b", "{{ a.output }}"), node("c", value="{{ b.output }}")
    )
    first = NodeRun(execution_id=execution, node_id="a", status=NodeStatus.SUCCEEDED, output_name="main")
    first = first.model_copy(update={"result": {"output": "theirs"}, "attempts": 1})
    before_first_write(bench, monkeypatch, lambda: bench.executions.finish_node(first))
    assert run_all(bench, execution, "abc") == TaskAnswer(output_name="main")
    assert [bench.record(execution, name).result for name in "abc"] == [{"output": "theirs"}] * 3
    assert len(bench.scripts.calls) == 1


def test_a_heavy_node_that_ended_meanwhile_does_not_run_again(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = begin_chain(bench, light("a"), node("b", value=2), light("c"))
    before_first_write(bench, monkeypatch, lambda: run_all(bench, execution, "abc"))
    assert run_all(bench, execution, "abc") == TaskAnswer(output_name="main")
    assert len(bench.scripts.calls) == 1
    assert [bench.record(execution, name).status for name in "abc"] == [NodeStatus.SUCCEEDED] * 3


def test_ways_are_skipped_by_the_answer_that_was_first(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls decide otherwise: only the way that the stored decision leaves is recorded as skipped."""
    when = {"left": "{{ a.output }}", "operator": "equals", "right": 1}
    nodes = [light("a"), node("if", "conditional", **when), light("yes"), light("no")]
    links = connect("a>if", "if.true>yes", "if.false>no")
    execution = bench.begin(*nodes, connections=links)
    bench.run(execution, "a")
    other = NodeRun(execution_id=execution, node_id="if", status=NodeStatus.SUCCEEDED, output_name="false")
    other = other.model_copy(update={"result": {"output": 1}, "attempts": 1})
    before_first_write(bench, monkeypatch, lambda: bench.executions.finish_node(other))
    assert bench.run(execution, "if", fork="if") == TaskAnswer(output_name="false")
    assert bench.record(execution, "yes").status is NodeStatus.SKIPPED
    with pytest.raises(KeyError):
        bench.record(execution, "no")


def test_an_execution_that_ended_meanwhile_takes_nothing(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = begin_chain(bench, light("a"), node("b"))
    before_first_write(bench, monkeypatch, lambda: bench.execution_service.cancel(execution))
    with pytest.raises(ExecutionEndedError):
        run_all(bench, execution, "ab")
    assert not bench.scripts.calls
    assert bench.record(execution, "b").status is NodeStatus.ABORTED


def test_others_are_told_of_an_end_after_it_was_written(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = begin_chain(bench, light("a"), light("b"))
    told: list[NodeStatus] = []
    arrive = bench.latches.arrive

    def watched(*arguments: object, **more: object) -> object:
        told.append(bench.record(execution, "ab"[len(told)]).status)
        return arrive(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.latches, "arrive", watched)
    run_all(bench, execution, "ab", arrives=("latch",))
    assert told == [NodeStatus.SUCCEEDED] * 2
