"""Polling node types: submit once, ask until it is done, all within the node's timeout."""

from __future__ import annotations

import pytest

from engine.errors import NodeError, NodeTimeoutError, RetryableNodeError
from engine.execution import NodeStatus
from engine.node import NodeContext, NodeResult
from engine.task import TaskAnswer
from tests.unit.engine_bench import EngineBench, node


@pytest.fixture
def film(bench: EngineBench) -> EngineBench:
    bench.scripts.run = lambda *_: NodeResult.pending(5, {"job": "j1", "asked": 0})

    def poll(state: dict[str, object], inputs: object, context: object) -> NodeResult:
        asked = int(str(state["asked"])) + 1
        if asked < 3:
            return NodeResult.pending(7, {**state, "asked": asked})
        return NodeResult({"output": [state["job"], asked]})

    bench.scripts.poll = poll
    return bench


def test_a_pending_node_waits_and_gets_its_state_back_until_it_is_done(film: EngineBench) -> None:
    execution = film.begin(node("a", "poll"))
    assert film.run(execution, "a") == TaskAnswer(pending=True, poll_after_seconds=5)
    run = film.record(execution, "a")
    assert (run.status, run.poll_state, run.attempts) == (
        NodeStatus.WAITING,
        {"job": "j1", "asked": 0},
        1,
    )
    assert film.run(execution, "a") == TaskAnswer(pending=True, poll_after_seconds=7)
    assert film.run(execution, "a") == TaskAnswer(pending=True, poll_after_seconds=7)
    assert film.run(execution, "a") == TaskAnswer(output_name="main")
    run = film.record(execution, "a")
    assert (run.status, run.result, run.poll_state, run.attempts) == (
        NodeStatus.SUCCEEDED,
        {"output": ["j1", 3]},
        None,
        1,
    )


def test_what_each_poll_logs_is_kept(film: EngineBench) -> None:
    poll = film.scripts.poll

    def chat(state: dict[str, object], inputs: object, context: NodeContext) -> NodeResult:
        context.logger.info(f"asked {state['asked']} times")
        return poll(state, inputs, context)

    film.scripts.poll = chat
    execution = film.begin(node("a", "poll"))
    for _ in range(4):
        film.run(execution, "a")
    logs = [line.message for line in film.record(execution, "a").logs]
    assert logs == ["asked 0 times", "asked 1 times", "asked 2 times"]


def test_a_wait_is_a_second_at_least(film: EngineBench) -> None:
    film.scripts.run = lambda *_: NodeResult.pending(0, {})
    execution = film.begin(node("a", "poll"))
    assert film.run(execution, "a") == TaskAnswer(pending=True, poll_after_seconds=1)


def test_a_failed_question_is_asked_again_without_submitting_again(film: EngineBench) -> None:
    execution = film.begin(node("a", "poll"))
    film.run(execution, "a")
    poll = film.scripts.poll

    def busy(*_: object) -> NodeResult:
        raise RetryableNodeError("busy")

    film.scripts.poll = busy
    with pytest.raises(RetryableNodeError):
        film.run(execution, "a")
    run = film.record(execution, "a")
    assert run.status is NodeStatus.WAITING
    assert run.error is not None
    film.scripts.poll = poll
    assert film.run(execution, "a") == TaskAnswer(pending=True, poll_after_seconds=7)
    assert film.record(execution, "a").error is None
    assert film.record(execution, "a").poll_state == {"job": "j1", "asked": 1}


def test_the_nodes_timeout_counts_from_its_first_attempt(film: EngineBench) -> None:
    execution = film.begin(node("a", "poll", timeout_seconds=60))
    film.run(execution, "a")
    film.clock.advance(59)
    assert film.run(execution, "a").pending
    film.clock.advance(1)
    calls = len(film.scripts.calls)
    with pytest.raises(NodeTimeoutError):
        film.run(execution, "a")
    assert film.record(execution, "a").status is NodeStatus.TIMED_OUT
    assert len(film.scripts.calls) == calls


def test_a_job_that_fails_fails_its_node(film: EngineBench) -> None:
    execution = film.begin(node("a", "poll"))
    film.run(execution, "a")

    def refuse(*_: object) -> NodeResult:
        raise NodeError("the film was refused")

    film.scripts.poll = refuse
    with pytest.raises(NodeError):
        film.run(execution, "a")
    run = film.record(execution, "a")
    assert (run.status, run.poll_state) == (NodeStatus.FAILED, None)


def test_equal_films_are_made_once_when_one_is_done_before_the_other_begins(film: EngineBench) -> None:
    document = node("a", "poll", cache_ttl_seconds=60)
    first = film.begin(document)
    for _ in range(4):
        film.run(first, "a")
    second = film.begin(document)
    assert film.run(second, "a") == TaskAnswer(output_name="main")
    assert film.record(second, "a").cache == "hit"
    assert film.record(first, "a").cache == "miss"


def test_a_pending_node_holds_no_lease_in_the_cache(film: EngineBench) -> None:
    document = node("a", "poll", cache_ttl_seconds=60)
    first, second = film.begin(document), film.begin(document)
    film.run(first, "a")
    assert film.run(second, "a").pending
    assert film.clock.slept == []
