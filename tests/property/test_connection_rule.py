from __future__ import annotations

from collections import Counter
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.adapters.memory import ManualClock
from engine.compiler import Compiled, Profile, compile_workflow, item_plan
from engine.dag import Dag
from engine.execution import ExecutionStatus, NodeRun, NodeStatus
from engine.validation import find_problems
from engine.workflow import Settings, Workflow
from nodes.approval_node import ApprovalNode
from nodes.loop_node import LoopNode
from nodes.wait_node import WaitNode
from nodes.workflow_node import WorkflowNode
from tests.property.definition_order import latches, nodes_before
from tests.property.every_core import every_core_a_latch
from tests.property.flow_kind import KINDS, Flow, mix_in
from tests.property.machine_run import MachineRun, run_machine
from tests.property.random_workflow import workflows
from tests.property.reference import NEVER, STOPS, Outcome, interpret
from tests.property.scripted_node import TARGETS, QuickNode, make_registry
from tests.property.test_tree import LONG, workflow_of


class AnywhereNode(QuickNode):
    """Light, and every function has what it needs."""

    type = "anywhere"
    executor = "core"


REGISTRY = make_registry()
for node_type in (AnywhereNode, WaitNode, WorkflowNode, LoopNode, ApprovalNode):
    REGISTRY.register(node_type)
ALL_TARGETS = TARGETS | {"core": TARGETS["custom"]}
# Half a second before its moment a wait goes on; see `machine_run.TASK_SECONDS`.
FLOW = Flow("wf_child", ManualClock().now(), (None, 0.52, 0.54, 0.58))
# More than on the local AWS: here they cost little.
FLOW_SHARE = 0.2
KINDS_SEEN: Counter[str] = Counter()
# How many waits of latches each machine had.
LATCHES: list[int] = []
# Whether each machine had nodes that were put off, and latches.
PUT_OFF: list[tuple[bool, bool]] = []
# Drawing a whole workflow takes hypothesis longer than it likes; running one takes longer still.
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


SHAPES, BEHAVIOURS = 10, 20  # a definition for each shape: parsing it costs as much as some runs


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(10))
@settings(max_examples=SHAPES, deadline=None, suppress_health_check=SLOW)
@given(behaviours=workflows(behaviours=BEHAVIOURS), data=st.data())
def test_a_compiled_workflow_does_what_the_connection_rule_says(
    part: int, behaviours: list[Workflow], data: st.DataObject
) -> None:
    """Two thousand executions, with and without known durations; some nodes wait, ask or run others."""
    behaviours = mix_in(behaviours, FLOW, Random(data.draw(st.integers(0, 2**32))), FLOW_SHARE)
    KINDS_SEEN.update(node.type for workflow in behaviours for node in workflow.nodes)
    compiled = compile_shape(behaviours[0], data)
    before = nodes_before(compiled.definition)
    assert all(link.source in before[link.target] for link in behaviours[0].connections)
    for workflow in behaviours:
        assert find_problems(workflow, REGISTRY) == ()
        check_against_reference(workflow, run_machine(workflow, compiled, REGISTRY))


def test_those_had_nodes_of_all_kinds() -> None:
    assert all(KINDS_SEEN[kind] >= SHAPES for kind in KINDS), KINDS_SEEN


@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(workflows(behaviours=4))
def test_distributed_maps_do_the_same(behaviours: list[Workflow]) -> None:
    with patch.object(item_plan, "MAX_INLINE_CONCURRENCY", 0):
        compiled = [compile_workflow(workflow, REGISTRY, targets=TARGETS) for workflow in behaviours]
    for workflow, machine in zip(behaviours, compiled, strict=True):
        check_against_reference(workflow, run_machine(workflow, machine, REGISTRY))


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(workflows(max_nodes=12, behaviours=2))
def test_a_workflow_whose_cores_are_latches_does_so_too(behaviours: list[Workflow]) -> None:
    for workflow in behaviours:
        with every_core_a_latch():
            compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
        LATCHES.append(len(latches(compiled.definition)[0]))
        check_against_reference(workflow, run_machine(workflow, compiled, REGISTRY))


def test_many_of_those_had_latches() -> None:
    assert sum(map(bool, LATCHES)) > len(LATCHES) / 20


@st.composite
def cores_with_light_ends(draw: st.DrawFn) -> tuple[Dag, dict[str, str]]:
    """A graph that no nesting of branches has exactly, light nodes after some of it; the types of all."""
    heavy = [f"h{index}" for index in range(draw(st.integers(4, 7)))]
    pairs = [(one, other) for at, one in enumerate(heavy) for other in heavy[at + 1 :]]
    edges = {("h0", "h2"), ("h0", "h3"), ("h1", "h3"), *draw(st.lists(st.sampled_from(pairs), max_size=4))}
    light = [f"l{index}" for index in range(draw(st.integers(1, 3)))]
    for at, node_id in enumerate(light):
        before = draw(st.lists(st.sampled_from(heavy + light[:at]), min_size=1, max_size=3, unique=True))
        edges |= {(source, node_id) for source in before}
    types = dict.fromkeys(heavy, "act") | dict.fromkeys(light, "anywhere")
    return Dag.of_edges([*heavy, *light], sorted(edges)), types


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(cores_with_light_ends(), st.data())
def test_light_nodes_are_put_off_behind_a_latch(
    graph: tuple[Dag, dict[str, str]], data: st.DataObject
) -> None:
    """In a latch each of them would have a wait of its own; at the end they share a Task."""
    dag, types = graph
    profile = Profile({node_id: data.draw(LONG) for node_id, kind in types.items() if kind == "act"})
    workflow = workflow_of(dag, types)
    with every_core_a_latch():
        compiled = compile_workflow(workflow, REGISTRY, targets=ALL_TARGETS, profile=profile)
    waits, told = latches(compiled.definition)
    assert waits <= told
    before = nodes_before(compiled.definition)
    assert before.keys() == set(dag.ids)
    assert all(dag.upstream(node_id) <= before[node_id] for node_id in dag.ids)
    put_off = any("at the end it shares a Task" in wait["text"] for wait in compiled.report["waits"])
    PUT_OFF.append((put_off, bool(waits)))
    check_against_reference(workflow, run_machine(workflow, compiled, REGISTRY))


def test_some_of_those_had_both() -> None:
    assert sum(put_off and latch for put_off, latch in PUT_OFF) > len(PUT_OFF) / 10, PUT_OFF


@settings(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(workflows(behaviours=8))
def test_an_express_machine_does_the_same_and_ends_its_execution(behaviours: list[Workflow]) -> None:
    for standard in behaviours:
        workflow = standard.model_copy(update={"settings": Settings(mode="express")})
        compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
        assert compiled.mode == "express"
        machine = run_machine(workflow, compiled, REGISTRY)
        check_against_reference(workflow, machine)
        ended = machine.execution
        if machine.succeeded:
            assert (ended.status, ended.error) == (ExecutionStatus.SUCCEEDED, None)
            assert ended.output == expected_output(workflow)
        else:
            assert ended.status is ExecutionStatus.FAILED
            assert ended.error is not None
            assert ended.error.node_id in nodes_that_stop(workflow)
        assert all(run.status.ended for run in machine.runs.values())


def expected_output(workflow: Workflow) -> dict[str, object]:
    outcomes = interpret(workflow)
    sources = {connection.source for connection in workflow.connections}
    last = {node.id: outcomes[node.id] for node in workflow.nodes if node.id not in sources}
    return {node_id: end.output for node_id, end in last.items() if end.left_through is not None}


def nodes_that_stop(workflow: Workflow) -> set[str]:
    return {node_id for node_id, outcome in interpret(workflow).items() if outcome.status == STOPS}


def compile_shape(workflow: Workflow, data: st.DataObject) -> Compiled:
    """The definition that all behaviours of a shape have in common."""
    seconds = {node.id: data.draw(st.sampled_from([0.0, 1.0, 3.0, 10.0])) for node in workflow.nodes}
    profile = data.draw(st.sampled_from([None, Profile(seconds)]))
    return compile_workflow(workflow, REGISTRY, targets=TARGETS, profile=profile)


def check_against_reference(workflow: Workflow, machine: MachineRun) -> None:
    """Nodes end as the rule says, none begins early, and all of them end where the execution succeeds."""
    expected = interpret(workflow)
    assert machine.too_early == []
    # The end of a failed express execution closes what never began.
    begun = [node_id for node_id, run in machine.runs.items() if run.status is not NodeStatus.ABORTED]
    assert all(expected[node_id].status != NEVER for node_id in begun)
    ended = {node_id: as_outcome(run) for node_id, run in machine.runs.items() if has_left(run)}
    assert ended == {node_id: expected[node_id] for node_id in ended}
    stops = any(outcome.status == STOPS for outcome in expected.values())
    assert machine.succeeded is not stops
    if machine.succeeded:
        assert ended.keys() == expected.keys()


def has_left(run: NodeRun) -> bool:
    """Whether the node ended in a way that others go on from; what stops the execution does not."""
    return run.output_name is not None or run.status.value == "skipped"


def as_outcome(run: NodeRun) -> Outcome:
    output = run.result["output"] if run.result is not None else None
    return Outcome(run.status.value, run.output_name, output, has_result=run.result is not None)
