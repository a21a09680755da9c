"""Executions that nodes start: once, with whose rights, how deep, and stopped with their parent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.access.audience import Ownership
from engine.errors import DocumentError, ExecutionEndedError, NodeError
from engine.execution import Execution, ExecutionStatus
from engine.json_value import JsonObject
from engine.machine import MachineExecution
from engine.service.children import MAX_DEPTH
from engine.service.save import SaveNote
from engine.service.start_request import StartRequest
from tests.unit.engine_bench import EngineBench, connect, node

ADA = SaveNote(author="ada", owner="ada")


def document(*nodes: JsonObject, **more: object) -> JsonObject:
    return {"name": "Test", "nodes": list(nodes), **more}


def save(bench: EngineBench, *nodes: JsonObject, note: SaveNote = ADA, **more: object) -> str:
    return bench.workflow_service.create(document(*nodes, **more), note)[0].workflow_id


def call(workflow_id: str, **more: object) -> JsonObject:
    return node("call", "workflow", workflow_id=workflow_id, version="draft", **more)


def start(bench: EngineBench, workflow_id: str) -> str:
    return bench.execution_service.start(StartRequest(workflow_id))[0].execution_id


def children(bench: EngineBench, execution_id: str) -> list[Execution]:
    links = bench.executions.list_children(execution_id).items
    return [bench.execution(link.execution_id) for link in links]


def end(bench: EngineBench, execution_id: str, status: ExecutionStatus, cause: str | None = None) -> None:
    now = bench.clock.now()
    bench.finisher.finish(execution_id, MachineExecution(status, now, now, "Failed", cause))


@pytest.fixture
def parent(bench: EngineBench) -> str:
    """A running execution whose node has started a child."""
    child = save(
        bench, node("x", "input"), node("say", "output", value="{{ x.output }}"), connections=connect("x>say")
    )
    execution_id = start(bench, save(bench, call(child, inputs={"x": "hi"})))
    bench.run(execution_id, "call")
    return execution_id


def test_a_task_that_is_tried_again_starts_no_second_child(bench: EngineBench) -> None:
    execution_id = start(bench, save(bench, call(save(bench, node("a", value=1)))))
    bench.executions.start_node = lambda run: None  # type: ignore[method-assign]  # the record is lost
    for _ in range(3):
        bench.run(execution_id, "call")
    assert len(children(bench, execution_id)) == 1
    assert len(bench.machines.started) == 2


def test_the_end_of_the_child_wakes_the_node_which_takes_its_output(bench: EngineBench, parent: str) -> None:
    [child] = children(bench, parent)
    assert (child.trigger, child.owner, child.inputs) == ("workflow", "ada", {"x": "hi"})
    bench.run(parent, "call", "wait", token="t1")
    bench.run(child.execution_id, "say")
    end(bench, child.execution_id, ExecutionStatus.SUCCEEDED)
    assert bench.machines.answered == {"t1": {}}
    bench.run(parent, "call")
    result = bench.record(parent, "call").result
    assert result is not None
    assert (result["output"], result["execution_id"]) == ({"say": "hi"}, child.execution_id)


def test_a_lost_wake_is_made_up_for_by_asking(bench: EngineBench, parent: str) -> None:
    [child] = children(bench, parent)
    waits = [bench.run(parent, "call").poll_after_seconds for _ in range(8)]
    assert (waits[0], waits[-1]) == (7_200, 86_400)
    bench.run(child.execution_id, "say")
    bench.executions.finish(
        child.execution_id, ExecutionStatus.SUCCEEDED, bench.clock.now(), output={"say": 1}
    )
    assert bench.run(parent, "call").output_name == "main"


@pytest.mark.parametrize(
    "status", [ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT, ExecutionStatus.ABORTED]
)
def test_a_parent_that_ends_stops_its_children(
    bench: EngineBench, parent: str, status: ExecutionStatus
) -> None:
    end(bench, parent, status)
    [child] = children(bench, parent)
    assert child.status is ExecutionStatus.ABORTED
    assert child.error is not None
    assert parent in child.error.message


def test_a_child_that_starts_after_the_end_of_its_parent_is_stopped(bench: EngineBench) -> None:
    execution_id = start(bench, save(bench, call(save(bench, node("a", value=1)))))

    def end_meanwhile(_: object) -> None:
        bench.machines.on_start = None
        bench.executions.finish(execution_id, ExecutionStatus.ABORTED, bench.clock.now())

    bench.machines.on_start = end_meanwhile
    with pytest.raises(ExecutionEndedError):
        bench.run(execution_id, "call")
    assert [child.status for child in children(bench, execution_id)] == [ExecutionStatus.ABORTED]


def test_a_child_is_started_with_the_rights_of_the_owner(bench: EngineBench) -> None:
    target = save(bench, node("a", value=1), note=SaveNote(owner="bob"))
    with pytest.raises(DocumentError, match="there is no workflow"):
        save(bench, call(target))
    head = bench.workflows.get_head(target)
    shared = replace(head, ownership=Ownership("bob", ("team",)), revision=head.revision + 1)
    bench.workflows.move_head(shared, head.revision)
    caller = save(bench, node("a", value=1))
    theirs = bench.workflows.get_head(caller)
    bench.workflows.move_head(
        replace(theirs, ownership=Ownership("ada", ("team",)), revision=theirs.revision + 1), theirs.revision
    )
    bench.workflow_service.update(caller, document(call(target)), None)
    execution_id = start(bench, caller)
    bench.workflows.move_head(replace(shared, ownership=Ownership("bob"), revision=9), shared.revision)
    with pytest.raises(NodeError):
        bench.run(execution_id, "call")
    error = bench.record(execution_id, "call").error
    assert error is not None
    assert (error.field, "there is no workflow" in error.message) == ("config.workflow_id", True)
    assert children(bench, execution_id) == []


def test_executions_start_each_other_so_deep_and_no_deeper(bench: EngineBench) -> None:
    target = save(bench, node("a", value=1))
    caller = save(bench, call(target))
    # What a save refuses can still come about, where what is named changes later.
    head = bench.workflows.get_head(target)
    workflow = bench.workflows.get_version(caller, 1).workflow
    version = replace(
        bench.workflows.get_version(target, 1),
        version=2,
        workflow=workflow.model_copy(
            update={
                "nodes": (
                    workflow.nodes[0].model_copy(
                        update={"config": {"workflow_id": target, "version": "draft"}}
                    ),
                )
            }
        ),
    )
    bench.workflows.commit(replace(head, version=2, revision=2), version, 1)
    execution_id = start(bench, caller)
    for _ in range(MAX_DEPTH):
        bench.run(execution_id, "call")
        [child] = children(bench, execution_id)
        execution_id = child.execution_id
    with pytest.raises(NodeError):
        bench.run(execution_id, "call")
    error = bench.record(execution_id, "call").error
    assert error is not None
    assert f"{MAX_DEPTH} executions stand above" in error.message


def test_a_node_asks_after_none_but_its_own_executions(bench: EngineBench, parent: str) -> None:
    other = start(bench, save(bench, node("a", value=1)))
    run = bench.record(parent, "call")
    bench.executions.start_node(run.model_copy(update={"poll_state": {"execution_id": other}}))
    with pytest.raises(NodeError):
        bench.run(parent, "call")
    error = bench.record(parent, "call").error
    assert error is not None
    assert "did not start an execution" in error.message


def test_a_key_of_a_user_is_never_that_of_a_node(bench: EngineBench) -> None:
    target = save(bench, node("a", value=1))
    execution_id = start(bench, save(bench, call(target)))
    taken = StartRequest(target, idempotency_key=f"{execution_id}/call//run")
    bench.execution_service.start(taken)
    bench.run(execution_id, "call")
    [child] = children(bench, execution_id)
    assert child.trigger == "workflow"
