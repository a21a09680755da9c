from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiler import compile_workflow
from engine.compiler.latch import latch_of
from engine.compiler.levels import level_tree
from engine.compiler.poset import Poset
from engine.compiler.profile import Profile
from engine.compiler.schedule import critical_path
from engine.compiler.series_parallel import series_parallel_tree
from engine.compiler.tree import LATCH_SECONDS, Tree, followers, leaves, makespan
from engine.compiler.wait import find_waits
from engine.dag import Dag, bits
from engine.workflow import Workflow
from tests.property.definition_order import nodes_before
from tests.property.every_core import every_core_a_latch
from tests.property.random_dag import dags, series_parallel_dags
from tests.property.scripted_node import TARGETS, make_registry

REGISTRY = make_registry()
CASES = settings(max_examples=150, deadline=None)


def order_of(tree: Tree) -> set[tuple[str, str]]:
    """Every pair of steps that the tree runs one after the other."""
    steps = list(leaves(tree))
    return {(step, steps[later]) for step, after in followers(tree).items() for later in bits(after)}


def order_asked_for(dag: Dag) -> set[tuple[str, str]]:
    return {(earlier, node_id) for node_id in dag.ids for earlier in dag.upstream(node_id)}


def seconds_for(dag: Dag, data: st.DataObject) -> dict[str, float]:
    some = st.sampled_from([0.0, 0.1, 1.0, 2.0, 3.5, 10.0])
    return {node_id: data.draw(some) for node_id in dag.ids}


@CASES
@given(dags())
def test_a_tree_holds_every_step_once_and_keeps_the_order_asked_for(dag: Dag) -> None:
    for tree in (level_tree(dag), series_parallel_tree(dag)):
        assert sorted(leaves(tree)) == sorted(dag.ids)
        assert order_asked_for(dag) <= order_of(tree)


@CASES
@given(dags())
def test_without_durations_no_step_waits_for_what_levels_would_not_wait_for(dag: Dag) -> None:
    assert order_of(series_parallel_tree(dag)) <= order_of(level_tree(dag))


@CASES
@given(series_parallel_dags())
def test_a_series_parallel_graph_gets_no_wait_that_was_not_asked_for(dag: Dag) -> None:
    tree = series_parallel_tree(dag)
    assert order_of(tree) == order_asked_for(dag)
    assert find_waits(dag, tree, None) == ()


@CASES
@given(dags(), st.data())
def test_with_durations_it_is_never_slower_than_without_or_than_levels(dag: Dag, data: st.DataObject) -> None:
    seconds = seconds_for(dag, data)
    timed, certain, levels = (
        makespan(tree, seconds)
        for tree in (series_parallel_tree(dag, seconds), series_parallel_tree(dag), level_tree(dag))
    )
    critical = sum(seconds[node_id] for node_id in critical_path(dag, seconds))
    assert critical - 1e-6 <= timed <= certain + 1e-6
    assert certain <= levels + 1e-6


@CASES
@given(dags(), st.data())
def test_waits_are_told_exactly_where_time_is_lost(dag: Dag, data: st.DataObject) -> None:
    seconds = seconds_for(dag, data)
    tree = series_parallel_tree(dag, seconds)
    waits = find_waits(dag, tree, seconds)
    assert all(wait.seconds is not None and wait.seconds > 0 for wait in waits)
    critical = sum(seconds[node_id] for node_id in critical_path(dag, seconds))
    if makespan(tree, seconds) > critical + 1e-6:
        assert waits != ()


def workflow_of(dag: Dag, types: Mapping[str, str] | None = None) -> Workflow:
    """A workflow of scripted nodes: of type ``act``, where nothing else is said."""
    return Workflow.model_validate(
        {
            "name": "w",
            "nodes": [{"id": node_id, "type": (types or {}).get(node_id, "act")} for node_id in dag.ids],
            "connections": [
                {"source": source, "target": target}
                for source, targets in dag.successors.items()
                for target in targets
            ],
        }
    )


LONG = st.sampled_from([1.0, 5.0, 20.0, 60.0])


@CASES
@given(dags(max_nodes=20), st.data())
def test_a_latch_keeps_exactly_the_order_asked_for(dag: Dag, data: st.DataObject) -> None:
    poset = Poset.of(dag)
    latch = latch_of(poset, poset.everything, [data.draw(LONG) for _ in poset.names])
    assert sorted(leaves(latch)) == sorted(dag.ids)
    assert order_of(latch) == order_asked_for(dag)
    assert find_waits(dag, latch, None) == ()


@CASES
@given(dags(max_nodes=20), st.data())
def test_with_latches_only_their_own_cost_is_lost(dag: Dag, data: st.DataObject) -> None:
    seconds = {node_id: data.draw(LONG) for node_id in dag.ids}
    critical = sum(seconds[node_id] for node_id in critical_path(dag, seconds))
    waits = len(dag.levels) - 1
    assert makespan(series_parallel_tree(dag, seconds), seconds) <= critical + waits * LATCH_SECONDS + 1e-6


@CASES
@given(dags(max_nodes=20), st.data())
def test_a_definition_with_latches_starts_no_node_early(dag: Dag, data: st.DataObject) -> None:
    profile = Profile({node_id: data.draw(LONG) for node_id in dag.ids})
    with every_core_a_latch():
        compiled = compile_workflow(workflow_of(dag), REGISTRY, targets=TARGETS, profile=profile)
    before = nodes_before(compiled.definition)
    assert before.keys() == set(dag.ids)
    assert all(dag.upstream(node_id) <= before[node_id] for node_id in dag.ids)
    assert all(node_id not in earlier for node_id, earlier in before.items())


@CASES
@given(dags())
def test_a_definition_starts_no_node_before_those_that_it_is_connected_to(dag: Dag) -> None:
    before = nodes_before(compile_workflow(workflow_of(dag), REGISTRY, targets=TARGETS).definition)
    assert before.keys() == set(dag.ids)
    assert all(dag.upstream(node_id) <= before[node_id] for node_id in dag.ids)
