from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiler import Profile, compile_workflow
from engine.compiler.levels import level_tree
from engine.compiler.schedule import critical_path
from engine.compiler.simulation import Assumptions, simulate
from engine.compiler.tree import makespan
from engine.dag import Dag
from engine.workflow import Workflow
from tests.property.random_dag import dags, series_parallel_dags
from tests.property.scripted_node import TARGETS, make_registry

REGISTRY = make_registry()
CASES = settings(max_examples=150, deadline=None)


def workflow_of(dag: Dag) -> Workflow:
    """A heavy node for each of the graph's."""
    links = [{"source": one, "target": other} for one, others in dag.successors.items() for other in others]
    nodes = [{"id": node_id, "type": "act"} for node_id in dag.ids]
    return Workflow.model_validate({"name": "w", "nodes": nodes, "connections": links})


def draw_seconds(dag: Dag, data: st.DataObject) -> dict[str, float]:
    some = st.sampled_from([0.0, 0.1, 1.0, 2.0, 3.5, 10.0])
    return {node_id: data.draw(some) for node_id in dag.ids}


@CASES
@given(dags(), st.data(), st.booleans())
def test_a_definition_keeps_its_connections_and_is_never_slower_than_levels(
    dag: Dag, data: st.DataObject, informed: bool
) -> None:
    seconds = draw_seconds(dag, data)
    profile = Profile(seconds) if informed else None
    compiled = compile_workflow(workflow_of(dag), REGISTRY, targets=TARGETS, profile=profile)
    found = simulate(compiled.definition, Assumptions(seconds))
    assert found.spans.keys() == set(dag.ids)
    for node_id, (began, ended) in found.spans.items():
        assert ended == pytest.approx(began + seconds[node_id])
        assert all(found.spans[before][1] <= began + 1e-9 for before in dag.predecessors[node_id])
    assert found.makespan <= makespan(level_tree(dag), seconds) + 1e-6
    if profile is not None:
        assert compiled.report["predicted"]["makespan_seconds"] == pytest.approx(found.makespan)


@CASES
@given(series_parallel_dags(), st.data())
def test_a_series_parallel_graph_takes_its_longest_path_though_no_duration_is_known(
    dag: Dag, data: st.DataObject
) -> None:
    seconds = draw_seconds(dag, data)
    definition = compile_workflow(workflow_of(dag), REGISTRY, targets=TARGETS).definition
    shortest = sum(seconds[node_id] for node_id in critical_path(dag, seconds))
    assert simulate(definition, Assumptions(seconds)).makespan == pytest.approx(shortest)
