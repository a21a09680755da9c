"""Pending nodes that can be woken: whose token is kept, and when a wait ends at once."""

from __future__ import annotations

import pytest

from engine.errors import MiniN8nError, NodeError, RegistrationError
from engine.execution import NodeStatus
from engine.node import BaseNode, NodeContext, NodeInputs, NodeResult
from engine.registry import NodeRegistry, check_node_class
from engine.task import TaskAnswer
from tests.unit.engine_bench import EngineBench, node


@pytest.fixture
def asleep(bench: EngineBench) -> EngineBench:
    """A bench with a type ``doze`` that waits for ``bell``, and then for nothing more."""

    class DozeNode(BaseNode):
        type = "doze"
        polls = True
        wakes = True

        async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
            return NodeResult.pending(60, {}, wake="bell")

        async def poll(self, state: object, context: NodeContext) -> NodeResult:
            return self.create_result("awake")

    bench.registry.register(DozeNode)
    return bench


def test_a_wait_is_ended_by_who_wakes_the_node(asleep: EngineBench) -> None:
    execution = asleep.begin(node("a", "doze"))
    assert asleep.run(execution, "a") == TaskAnswer(pending=True, poll_after_seconds=60)
    assert asleep.record(execution, "a").wake == "bell"
    asleep.run(execution, "a", "wait", token="t1")
    assert asleep.machines.answered == {}
    asleep.waker.wake(execution, "bell")
    asleep.waker.wake(execution, "bell")
    assert asleep.machines.answered == {"t1": {}}
    assert asleep.run(execution, "a") == TaskAnswer(output_name="main")
    run = asleep.record(execution, "a")
    assert (run.status, run.wake, run.result) == (NodeStatus.SUCCEEDED, None, {"output": "awake"})


def test_a_wait_that_is_woken_before_it_begins_ends_at_once(asleep: EngineBench) -> None:
    execution = asleep.begin(node("a", "doze"))
    asleep.run(execution, "a")
    asleep.waker.wake(execution, "bell")
    asleep.run(execution, "a", "wait", token="t1")
    assert asleep.machines.answered == {"t1": {}}


def test_a_wait_that_was_tried_again_has_the_last_token(asleep: EngineBench) -> None:
    execution = asleep.begin(node("a", "doze"))
    asleep.run(execution, "a")
    for token in ("t1", "t2"):
        asleep.run(execution, "a", "wait", token=token)
    asleep.waker.wake(execution, "bell")
    assert asleep.machines.answered == {"t2": {}}


def test_the_wait_of_a_node_that_has_ended_ends_at_once(asleep: EngineBench) -> None:
    execution = asleep.begin(node("a", "doze"))
    asleep.run(execution, "a")
    asleep.run(execution, "a")
    asleep.run(execution, "a", "wait", token="t1")
    assert asleep.machines.answered == {"t1": {}}


def test_a_wait_without_a_token_is_a_fault_of_the_definition(asleep: EngineBench) -> None:
    execution = asleep.begin(node("a", "doze"))
    asleep.run(execution, "a")
    with pytest.raises(MiniN8nError, match="cannot end its wait"):
        asleep.run(execution, "a", "wait")


def test_only_a_type_that_says_so_names_what_wakes_it(bench: EngineBench) -> None:
    bench.scripts.run = lambda *_: NodeResult.pending(5, {}, wake="bell")
    execution = bench.begin(node("a", "poll"))
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    assert "wakes = True" in (bench.record(execution, "a").error or pytest.fail("no error")).message


def test_a_type_that_wakes_polls() -> None:
    class Half(BaseNode):
        type = "half"
        wakes = True

        async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
            return self.create_result(1)

    with pytest.raises(RegistrationError, match="`polls = True`"):
        check_node_class(Half)
    assert "workflow" not in NodeRegistry()
