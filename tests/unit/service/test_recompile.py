"""Durations are learnt when executions end, pinned in versions, and planned with when somebody asks."""

from __future__ import annotations

from typing import Any

import pytest

from engine.durations import Durations, NodeDurations
from engine.errors import NotFoundError, RevisionConflictError, UnavailableError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject
from engine.machine import MachineExecution
from engine.node import NodeResult
from engine.service.save import SaveNote
from tests.unit.engine_bench import EngineBench, connect, node

NOTE = SaveNote("ada")
# The smallest graph that no nesting of sequences and parallels orders without a wait.
SEVEN = ("a", "b", "c", "d", "e", "f", "g")
EDGES = ("a>d", "b>d", "b>e", "c>e", "c>f", "d>g", "e>g")


def crossed(**settings: Any) -> JsonObject:
    nodes = [node(node_id, value=1) for node_id in SEVEN]
    return {"name": "Crossed", "nodes": nodes, "connections": connect(*EDGES), "settings": settings}


def know(bench: EngineBench, workflow_id: str, **seconds: float) -> None:
    nodes = {node_id: NodeDurations("call", (given,)) for node_id, given in seconds.items()}
    revision = bench.durations.get(workflow_id).revision + 1
    assert bench.durations.put(workflow_id, Durations(revision, bench.clock.now(), nodes))


def uneven() -> dict[str, float]:
    """With these levels wait: c is slow and d, which does not need it, is slow too."""
    return {"a": 1.0, "b": 1.0, "c": 20.0, "d": 20.0, "e": 1.0, "f": 1.0, "g": 1.0}


def end(bench: EngineBench, execution_id: str, status: ExecutionStatus = ExecutionStatus.SUCCEEDED) -> bool:
    now = bench.clock.now()
    return bench.finisher.finish(execution_id, MachineExecution(status, now, now))


def test_an_execution_that_ends_teaches_once_how_long_its_nodes_took(bench: EngineBench) -> None:
    def slow(config: Any, *_: Any) -> Any:
        bench.clock.advance(config["value"])
        return NodeResult({"output": 1})

    bench.scripts.run = slow
    execution_id = bench.begin(node("a", value=2), node("b", value=3))
    for node_id in ("a", "b"):
        bench.run(execution_id, node_id)
    assert end(bench, execution_id)
    assert not end(bench, execution_id)
    workflow_id = bench.execution(execution_id).workflow_id
    known, profile = bench.recompile_service.read(workflow_id)
    assert {name: found.seconds for name, found in known.nodes.items()} == {"a": (2.0,), "b": (3.0,)}
    assert profile == {"durations": {"a": 2.0, "b": 3.0}, "type_durations": {"call": 2.0}}


def test_a_failed_execution_teaches_by_the_nodes_that_succeeded(bench: EngineBench) -> None:
    execution_id = bench.begin(node("a"), node("b"))
    bench.run(execution_id, "a")
    assert end(bench, execution_id, ExecutionStatus.FAILED)
    assert list(bench.durations.get(bench.execution(execution_id).workflow_id).nodes) == ["a"]


@pytest.mark.parametrize("method", ["get", "put"])
def test_an_execution_ends_whatever_becomes_of_the_durations(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def away(*_: object) -> Any:
        raise UnavailableError("throttled")

    monkeypatch.setattr(bench.durations, method, away)
    execution_id = bench.begin(node("a"))
    bench.run(execution_id, "a")
    assert end(bench, execution_id)
    assert bench.execution(execution_id).status is ExecutionStatus.SUCCEEDED
    assert bench.metrics.total("DurationsLost", reason="away") == 1


def test_who_comes_second_lets_its_sample_go(bench: EngineBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.durations, "put", lambda *_: False)
    execution_id = bench.begin(node("a"))
    bench.run(execution_id, "a")
    assert end(bench, execution_id)
    assert bench.metrics.total("DurationsLost", reason="others") == 1


def test_recompiling_makes_a_version_of_the_same_document_and_says_what_it_gains(bench: EngineBench) -> None:
    head, first = bench.workflow_service.create(crossed())
    bench.version_service.publish(head.workflow_id, 1, None, "ada")
    know(bench, head.workflow_id, **uneven())
    found = bench.recompile_service.recompile(head.workflow_id, 2, NOTE)
    assert (found.made, found.version.version, found.unknown) == (True, 2, ())
    assert found.version.workflow == first.workflow
    assert found.version.profile["durations"] == uneven()
    assert found.version.state_machine_version_arn != first.state_machine_version_arn
    assert (found.version.author, found.version.message) == (
        "ada",
        "Recompiled with the durations of past executions",
    )
    before, after = (report["predicted"]["makespan_seconds"] for report in (found.before, found.after))
    assert after < before
    stored = bench.workflows.get_head(head.workflow_id)
    assert (stored.version, stored.live_version) == (2, 1)
    again = bench.recompile_service.recompile(head.workflow_id, None, NOTE)
    assert (again.made, again.version.version) == (False, 2)
    assert again.before["predicted"] == again.after["predicted"]


def test_a_dry_run_says_the_same_and_makes_nothing(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(crossed())
    know(bench, head.workflow_id, **uneven())
    found = bench.recompile_service.recompile(head.workflow_id, None, NOTE, dry_run=True)
    assert (found.made, found.version.version) == (True, 1)
    assert bench.workflows.get_head(head.workflow_id).version == 1


def test_nothing_is_guessed(bench: EngineBench) -> None:
    head, first = bench.workflow_service.create(crossed())
    found = bench.recompile_service.recompile(head.workflow_id, None, NOTE)
    assert (found.made, found.unknown, found.profile) == (False, SEVEN, {})
    nodes = {"a": NodeDurations("http", (1.0,))}
    assert bench.durations.put(head.workflow_id, Durations(1, bench.clock.now(), nodes))
    found = bench.recompile_service.recompile(head.workflow_id, None, NOTE)
    assert (found.made, found.unknown) == (False, SEVEN[1:])
    assert found.version.definition_digest == first.definition_digest
    assert found.after["predicted"] is None


def test_a_save_keeps_the_profile_of_the_version_before(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(crossed())
    know(bench, head.workflow_id, **uneven())
    _, second = bench.workflow_service.update(head.workflow_id, crossed(), None)
    assert second.profile == {}
    pinned = bench.recompile_service.recompile(head.workflow_id, None, NOTE).version
    know(bench, head.workflow_id, **dict.fromkeys(SEVEN, 1.0))
    _, saved = bench.workflow_service.update(head.workflow_id, crossed(), None)
    assert saved.profile == pinned.profile
    assert saved.definition_digest == pinned.definition_digest
    assert bench.workflow_service.plan(head.workflow_id)["report"]["predicted"] is not None
    assert bench.workflow_service.plan(head.workflow_id)["profile"] == pinned.profile
    assert bench.workflow_service.plan(head.workflow_id, 1)["report"]["predicted"] is None


def test_settings_may_ask_that_every_save_plans_anew(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(crossed(recompile="on_save"))
    know(bench, head.workflow_id, **uneven())
    _, second = bench.workflow_service.update(head.workflow_id, crossed(recompile="on_save"), None)
    assert second.profile["durations"] == uneven()


def test_a_disabled_node_takes_no_time(bench: EngineBench) -> None:
    document = crossed()
    document["nodes"][5]["disabled"] = True
    head, _ = bench.workflow_service.create(document)
    nodes = {name: NodeDurations("call", (2.0,)) for name in SEVEN if name != "f"}
    assert bench.durations.put(head.workflow_id, Durations(1, bench.clock.now(), nodes))
    found = bench.recompile_service.recompile(head.workflow_id, None, NOTE)
    assert found.unknown == ()
    assert found.after["predicted"]["critical_path_seconds"] == 6.0


def test_recompiling_what_somebody_saved_meanwhile_is_refused(bench: EngineBench) -> None:
    head, _ = bench.workflow_service.create(crossed())
    with pytest.raises(RevisionConflictError):
        bench.recompile_service.recompile(head.workflow_id, 7, NOTE)
    with pytest.raises(NotFoundError):
        bench.recompile_service.recompile("wf_none", None, NOTE)
    with pytest.raises(NotFoundError):
        bench.recompile_service.read("wf_none")
