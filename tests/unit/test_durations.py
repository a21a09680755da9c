"""Durations: which node runs teach, how much is kept, and the profile that comes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.durations import ENOUGH_SAMPLES, MAX_KEPT_NODES, MAX_SAMPLES, QUIET_SECONDS, Durations
from engine.execution import NodeRun, NodeStatus
from engine.workflow import Workflow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def workflow(**types: str) -> Workflow:
    nodes = [{"id": node_id, "type": name} for node_id, name in types.items()]
    return Workflow.model_validate({"name": "W", "nodes": nodes})


def run(node_id: str, seconds: float = 1.0, **more: Any) -> NodeRun:
    end = {"started_at": NOW, "ended_at": NOW + timedelta(seconds=seconds)}
    return NodeRun(
        execution_id="ex", node_id=node_id, **{"status": NodeStatus.SUCCEEDED, "attempts": 1} | end | more
    )


def after(known: Durations, document: Workflow, *runs: NodeRun, now: datetime = NOW) -> Durations:
    return known.with_runs(document, {run.node_id: run for run in runs}, now)


@pytest.mark.parametrize(
    "more",
    [
        {"status": NodeStatus.FAILED},
        {"status": NodeStatus.FAILED, "output_name": "error"},
        {"status": NodeStatus.SKIPPED},
        {"status": NodeStatus.ABORTED},
        {"status": NodeStatus.RUNNING, "ended_at": None},
        {"cache": "hit"},
        {"kept_from": "ex_before"},
        {"pinned": True},
    ],
)
def test_runs_that_say_nothing_about_the_node_do_not_count(more: dict[str, Any]) -> None:
    known = Durations()
    assert after(known, workflow(a="http"), run("a", **more)) is known


def test_one_slow_run_does_not_move_the_median() -> None:
    known, document = Durations(), workflow(a="http")
    for seconds in (1.0, 1.2, 90.0, 1.1, 0.9):
        known = after(known, document, run("a", seconds, cache="miss"))
    assert known.nodes["a"].seconds == (1.0, 1.2, 90.0, 1.1, 0.9)
    assert known.nodes["a"].median == 1.1
    assert known.revision == 5


def test_the_last_samples_are_kept_and_no_more() -> None:
    known, document = Durations(), workflow(a="http")
    for seconds in range(MAX_SAMPLES + 5):
        known = after(known, document, run("a", seconds))
    assert known.nodes["a"].seconds == tuple(float(seconds) for seconds in range(5, MAX_SAMPLES + 5))


def test_a_node_that_changed_its_type_is_a_new_node() -> None:
    known = after(Durations(), workflow(a="http"), run("a", 9.0))
    assert after(known, workflow(a="llm"), run("a", 1.0)).nodes["a"].seconds == (1.0,)


def test_a_new_node_is_planned_with_the_median_of_its_type() -> None:
    document = workflow(a="http", b="http", c="http", d="llm")
    known = after(Durations(), document, run("a", 1.0), run("b", 2.0), run("c", 9.0), run("d", 4.0))
    assert known.to_profile() == {
        "durations": {"a": 1.0, "b": 2.0, "c": 9.0, "d": 4.0},
        "type_durations": {"http": 2.0, "llm": 4.0},
    }


def test_what_ran_longest_ago_is_forgotten_first() -> None:
    names = {f"n{index}": "http" for index in range(1_000)}
    more = {f"m{index}": "http" for index in range(1_000)}
    known = after(Durations(), workflow(**names), *(run(name) for name in names))
    known = after(known, workflow(**more), *(run(name) for name in more))
    assert len(known.nodes) == MAX_KEPT_NODES
    assert set(more) <= set(known.nodes)


def test_a_busy_workflow_that_is_known_well_need_not_write_again_at_once() -> None:
    document, runs = workflow(a="http", rare="http"), {"a": run("a"), "s": run("s", cache="hit")}
    known = Durations()
    for _ in range(ENOUGH_SAMPLES):
        assert not known.may_wait(runs, NOW)
        known = known.with_runs(document, runs, NOW)
    assert known.may_wait(runs, NOW)
    assert not known.may_wait(runs | {"rare": run("rare")}, NOW)
    assert not known.may_wait(runs, NOW + timedelta(seconds=QUIET_SECONDS))
