from __future__ import annotations

import itertools
import time

import pytest

from engine.asl import MAX_DEFINITION_BYTES
from engine.compiler import Compiled, Profile, arrangement, compile_workflow, pipeline
from engine.errors import DocumentError, RequestError
from engine.json_value import canonical_json, digest
from engine.workflow import Workflow
from tests.golden.node_types import TARGETS, make_registry

REGISTRY = make_registry()


def chain(count: int, node_type: str = "transform", **fields: object) -> Workflow:
    ids = [f"node_{index}" for index in range(count)]
    return Workflow.model_validate(
        {
            "name": "chain",
            "nodes": [{"id": node_id, "type": node_type, **fields} for node_id in ids],
            "connections": [{"source": a, "target": b} for a, b in itertools.pairwise(ids)],
        }
    )


def test_the_digest_is_that_of_the_definition() -> None:
    compiled = compile_workflow(chain(3), REGISTRY, targets=TARGETS)
    assert compiled.digest == digest(compiled.definition)


def test_names_and_notes_are_no_part_of_the_definition() -> None:
    plain, told = chain(2), chain(2, name="Ünïcode $.x", notes="{{ secret }}")
    one, other = (compile_workflow(w, REGISTRY, targets=TARGETS).digest for w in (plain, told))
    assert one == other


def test_no_config_reaches_the_definition() -> None:
    workflow = chain(2, config={"set": {"url.$": "$.execution_id", "password": "hunter2"}})
    compiled = compile_workflow(workflow, REGISTRY, targets=TARGETS)
    text = canonical_json(compiled.definition)
    assert "hunter2" not in text
    assert "url.$" not in text


def test_a_thousand_nodes_fit_and_compile_in_time() -> None:
    profile = Profile(type_durations={"transform": 1.0})
    before = time.process_time()
    compiled = compile_workflow(chain(1_000), REGISTRY, targets=TARGETS, profile=profile)
    assert time.process_time() - before < 5
    assert compiled.report["definition_bytes"] < MAX_DEFINITION_BYTES
    assert compiled.report["predicted"]["makespan_seconds"] == 1_000


def test_a_thousand_nodes_with_retry_and_timeout_fit_in_a_definition() -> None:
    retry = {"max_attempts": 5, "interval_seconds": 2, "backoff_rate": 1.5, "max_interval_seconds": 9}
    compiled = compile_workflow(
        chain(1_000, "http", config={"url": "https://example.com"}, retry=retry, timeout_seconds=30),
        REGISTRY,
        targets=TARGETS,
    )
    assert compiled.report["definition_bytes"] <= MAX_DEFINITION_BYTES


def test_a_machine_over_the_limit_is_refused_with_figure_and_cure() -> None:
    with pytest.raises(DocumentError) as caught:
        compile_workflow(chain(1_000, for_each=[1], on_error="continue"), REGISTRY, targets=TARGETS)
    (problem,) = caught.value.problems
    assert (problem.code, problem.node, problem.field) == ("definition_too_large", None, "nodes")
    assert f"{MAX_DEFINITION_BYTES:,}" in problem.message
    assert " a node " in problem.message
    assert problem.message.endswith(
        "divide it into 5 workflows or more, the others called by `workflow` nodes of one"
    )


def test_a_plan_with_durations_that_is_too_large_gives_way_to_smaller_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First without latches, then without durations: a workflow that could be saved stays one."""
    seconds = {"a": 2.0, "b": 1.0, "c": 2.0, "d": 3.0, "e": 5.0, "f": 1.0}
    workflow = Workflow.model_validate(
        {
            "name": "core",
            "nodes": [{"id": name, "type": "http", "config": {"url": "http://x"}} for name in seconds],
            "connections": [{"source": a, "target": b} for a, b in ("ac", "bc", "bd", "ce", "de", "df")],
        }
    )
    profile = Profile(seconds)

    def plan(limit: int, known: Profile | None = profile) -> Compiled:
        for module in (arrangement, pipeline):
            monkeypatch.setattr(module, "MAX_DEFINITION_BYTES", limit)
        return compile_workflow(workflow, REGISTRY, targets=TARGETS, profile=known)

    best, plain = plan(MAX_DEFINITION_BYTES), plan(MAX_DEFINITION_BYTES, None)
    assert best.report["smaller_plan"] is plain.report["smaller_plan"] is None
    sizes = [made.report["definition_bytes"] for made in (best, plain)]
    assert "waitForTaskToken" in canonical_json(best.definition)
    smaller = plan(sizes[0] - 1)
    assert "waitForTaskToken" not in canonical_json(smaller.definition)
    assert f"would take {sizes[0]:,} bytes" in smaller.report["smaller_plan"]
    spans = [made.report["predicted"]["makespan_seconds"] for made in (best, smaller)]
    assert spans[0] < spans[1] <= smaller.report["predicted"]["levels_makespan_seconds"]
    with pytest.raises(DocumentError):
        plan(sizes[1] - 1, None)


def test_light_nodes_that_take_long_are_light_again_where_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workflow, profile = chain(40), Profile(type_durations={"transform": 1.0})
    plain = compile_workflow(workflow, REGISTRY, targets=TARGETS)
    for module in (arrangement, pipeline):
        monkeypatch.setattr(module, "MAX_DEFINITION_BYTES", 20_000)
    smaller = compile_workflow(workflow, REGISTRY, targets=TARGETS, profile=profile)
    assert smaller.definition == plain.definition
    assert smaller.report["smaller_plan"].startswith("planned without durations")
    assert smaller.report["predicted"]["makespan_seconds"] == 40


def test_an_executor_without_a_function_is_told() -> None:
    with pytest.raises(RequestError, match="node 'node_0' of type 'llm' runs in the executor 'ai'"):
        compile_workflow(chain(1, "llm", config={"prompt": "x"}), REGISTRY, targets={"core": TARGETS["core"]})


def test_times_are_predicted_only_where_every_duration_is_known() -> None:
    workflow = chain(2, "http", config={"url": "http://x"})
    known = Profile(durations={"node_0": 2.0, "node_1": 3.0})
    partly = Profile(durations={"node_0": 2.0})
    by_type = Profile(durations={"node_0": 2.0}, type_durations={"http": 1.0})
    predicted = [
        compile_workflow(workflow, REGISTRY, targets=TARGETS, profile=profile).report["predicted"]
        for profile in (known, partly, by_type, None)
    ]
    assert [p and p["makespan_seconds"] for p in predicted] == [5.0, None, 3.0, None]


def test_light_nodes_take_no_time_where_nothing_else_is_known() -> None:
    compiled = compile_workflow(
        chain(2), REGISTRY, targets=TARGETS, profile=Profile(durations={"node_0": 2.0})
    )
    assert compiled.report["predicted"]["makespan_seconds"] == 2.0
