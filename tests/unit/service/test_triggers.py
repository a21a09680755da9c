"""Triggers over stores in memory: what fires, what does not, and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.memory import MemoryEventSources
from engine.errors import ConflictError, NotFoundError, RequestError, UnavailableError
from engine.json_value import JsonObject
from engine.trigger import Trigger
from tests.unit.engine_bench import EngineBench, node

EVENT = {"type": "event", "pattern": {"source": ["shop"]}}
INPUT = node("event", "input", name="event", type="object", required=True)


def save(bench: EngineBench, *nodes: JsonObject) -> str:
    document = {"name": "Echo", "nodes": list(nodes or (INPUT,)), "connections": []}
    return bench.save_live(document)


def make(bench: EngineBench, settings: JsonObject, *nodes: JsonObject) -> Trigger:
    return bench.trigger_service.create(save(bench, *nodes), settings)


def fire(bench: EngineBench, trigger: Trigger, event: JsonObject) -> str | None:
    execution = bench.trigger_firer.fire(trigger.workflow_id, trigger.trigger_id, event)
    return execution.execution_id if execution else None


def last_fire(bench: EngineBench, trigger: Trigger) -> tuple[str, str | None] | None:
    found = bench.trigger_service.get(trigger.workflow_id, trigger.trigger_id).last_fire
    return (found.outcome, found.execution_id) if found else None


def failures(bench: EngineBench, trigger: Trigger) -> list[Any]:
    return list(bench.trigger_firer.list_failures(trigger.workflow_id, trigger.trigger_id, 10, None).items)


def test_an_event_starts_one_execution_however_often_it_comes(bench: EngineBench) -> None:
    trigger = make(bench, EVENT)
    started = [fire(bench, trigger, {"id": "e-1", "detail": {"n": 1}}) for _ in range(3)]
    assert len(set(started)) == 1
    assert last_fire(bench, trigger) == ("started", started[0])
    execution = bench.execution(started[0] or "")
    assert (execution.trigger, execution.inputs) == (
        f"event:{trigger.trigger_id}",
        {"event": {"id": "e-1", "detail": {"n": 1}}},
    )
    assert fire(bench, trigger, {"id": "e-2"}) not in started


def test_a_time_of_a_schedule_starts_one_execution(bench: EngineBench) -> None:
    trigger = make(bench, {"type": "schedule", "expression": "rate(1 hour)"})
    at = {"scheduled_time": "2026-01-01T01:00:00Z"}
    assert fire(bench, trigger, at) == fire(bench, trigger, at) is not None
    assert fire(bench, trigger, {"scheduled_time": "2026-01-01T02:00:00Z"}) != fire(bench, trigger, at)


@pytest.mark.parametrize(
    ("mapping", "inputs"),
    [
        (None, {"event": {"id": "e", "detail": {"n": 1}}}),
        (
            {"event": {"n": "{{ event.detail.n }}", "id": "no. {{ event.id }}"}},
            {"event": {"n": 1, "id": "no. e"}},
        ),
        ({"event": "{{ event.detail }}"}, {"event": {"n": 1}}),
    ],
)
def test_the_mapping_makes_the_inputs(
    bench: EngineBench, mapping: JsonObject | None, inputs: JsonObject
) -> None:
    trigger = make(bench, EVENT | ({"inputs": mapping} if mapping else {}))
    started = fire(bench, trigger, {"id": "e", "detail": {"n": 1}})
    assert bench.execution(started or "").inputs == inputs


def test_without_an_input_for_it_the_event_is_left_out(bench: EngineBench) -> None:
    trigger = make(bench, EVENT, node("who", "input", name="who", default="ann"))
    assert bench.execution(fire(bench, trigger, {"id": "e"}) or "").inputs == {"who": "ann"}


def test_a_paused_or_deleted_trigger_starts_nothing(bench: EngineBench) -> None:
    trigger = make(bench, EVENT)
    address = (trigger.workflow_id, trigger.trigger_id)
    bench.trigger_service.set_enabled(*address, enabled=False)
    assert bench.sources.state(trigger) == "disabled"
    assert fire(bench, trigger, {"id": "e"}) is None
    bench.trigger_service.delete(*address)
    assert bench.sources.state(trigger) is None
    assert fire(bench, trigger, {"id": "e"}) is None
    bench.trigger_firer.give_up(*address, event={"id": "e"}, message="late")


def test_an_event_that_does_not_fit_is_kept_and_replayed_once(bench: EngineBench) -> None:
    trigger = make(bench, EVENT | {"inputs": {"event": "{{ event.order }}"}})
    assert fire(bench, trigger, {"id": "e", "total": 1}) is None
    assert last_fire(bench, trigger) == ("failed", None)
    (failure,) = failures(bench, trigger)
    assert failure.event == {"id": "e", "total": 1}
    replay = (trigger.workflow_id, trigger.trigger_id, failure.failure_id)
    with pytest.raises(RequestError):
        bench.trigger_firer.replay(*replay)
    bench.trigger_service.update(trigger.workflow_id, trigger.trigger_id, EVENT)
    execution = bench.trigger_firer.replay(*replay)
    assert execution.inputs == {"event": {"id": "e", "total": 1}}
    assert failures(bench, trigger) == []
    with pytest.raises(NotFoundError):
        bench.trigger_firer.replay(*replay)


def test_a_failure_says_which_input_did_not_fit(bench: EngineBench) -> None:
    trigger = make(bench, EVENT | {"inputs": {"evnt": "{{ event }}"}})
    assert fire(bench, trigger, {"id": "e"}) is None
    (failure,) = failures(bench, trigger)
    assert "inputs.evnt: there is no input 'evnt'" in failure.message


def test_a_start_that_failed_is_tried_again_under_the_same_event(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger, start = make(bench, EVENT), bench.machines.start

    def away(*arguments: Any) -> str:
        raise UnavailableError("no answer")

    monkeypatch.setattr(bench.machines, "start", away)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            fire(bench, trigger, {"id": "e"})
    monkeypatch.setattr(bench.machines, "start", start)
    started = fire(bench, trigger, {"id": "e"})
    assert started is not None
    assert fire(bench, trigger, {"id": "e"}) == started


def test_a_workflow_is_deleted_with_its_triggers(bench: EngineBench) -> None:
    trigger = make(bench, EVENT)
    webhook = bench.trigger_service.create(trigger.workflow_id, {"type": "webhook", "path": "a"})
    bench.workflow_service.delete(trigger.workflow_id, None)
    assert bench.sources.state(trigger) is None
    with pytest.raises(NotFoundError):
        bench.triggers.find_webhook("a")
    with pytest.raises(NotFoundError):
        bench.trigger_service.list_triggers(webhook.workflow_id)


def test_a_deletion_that_stopped_halfway_is_finished(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger, delete = make(bench, EVENT), bench.sources.delete

    def away(trigger: Trigger) -> None:
        raise UnavailableError("no answer")

    monkeypatch.setattr(bench.sources, "delete", away)
    with pytest.raises(UnavailableError):
        bench.workflow_service.delete(trigger.workflow_id, None)
    monkeypatch.setattr(bench.sources, "delete", delete)
    bench.workflow_service.delete(trigger.workflow_id, None)
    assert bench.sources.state(trigger) is None
    with pytest.raises(NotFoundError):
        bench.workflow_service.delete(trigger.workflow_id, None)


def test_what_aws_refuses_leaves_no_trigger_and_no_change(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: MemoryEventSources, trigger: Trigger) -> None:
        raise RequestError("AWS refuses the pattern", "pattern")

    trigger = make(bench, EVENT)
    monkeypatch.setattr(MemoryEventSources, "put", refuse)
    with pytest.raises(RequestError):
        bench.trigger_service.create(trigger.workflow_id, EVENT)
    with pytest.raises(RequestError):
        bench.trigger_service.update(trigger.workflow_id, trigger.trigger_id, EVENT | {"name": "New"})
    (standing,) = bench.trigger_service.list_triggers(trigger.workflow_id)
    assert standing.settings == trigger.settings


def test_a_trigger_keeps_its_kind_and_a_webhook_its_path(bench: EngineBench) -> None:
    trigger = make(bench, {"type": "webhook"})
    address = (trigger.workflow_id, trigger.trigger_id)
    assert len(trigger.path or "") == 22
    changed = bench.trigger_service.update(*address, {"type": "webhook", "methods": ["GET"]})
    assert (changed.path, changed.revision) == (trigger.path, 2)
    with pytest.raises(RequestError, match="is a webhook"):
        bench.trigger_service.update(*address, EVENT)


def test_a_workflow_has_fifty_triggers_at_most(bench: EngineBench) -> None:
    workflow = save(bench)
    for _ in range(50):
        bench.trigger_service.create(workflow, EVENT)
    with pytest.raises(ConflictError, match="50 triggers"):
        bench.trigger_service.create(workflow, EVENT)


def test_a_schedule_shows_its_next_five_times(bench: EngineBench) -> None:
    trigger = make(bench, {"type": "schedule", "expression": "cron(0 9 ? * MON-FRI *)"})
    runs = [at.strftime("%a %d %H:%M") for at in bench.trigger_service.next_runs(trigger)]
    assert runs == ["Thu 01 09:00", "Fri 02 09:00", "Mon 05 09:00", "Tue 06 09:00", "Wed 07 09:00"]


NEVER = (
    "cron(0 0 30 2 ? *)",
    "cron(0 0 31 4,6 ? *)",
    "cron(0 9 * * ? 2025)",
    "cron(30 2 29 3 ? 2026)",  # in Berlin the clocks skip it
    "rate(999999999 days)",
)


@pytest.mark.parametrize("expression", NEVER)
def test_a_schedule_that_never_comes_is_refused(bench: EngineBench, expression: str) -> None:
    workflow = save(bench)
    settings = {"type": "schedule", "expression": expression, "timezone": "Europe/Berlin"}
    with pytest.raises(RequestError, match="at no time from now to the end of 2199; correct it") as raised:
        bench.trigger_service.create(workflow, settings)
    assert raised.value.field == "expression"
    assert bench.trigger_service.list_triggers(workflow) == ()


@pytest.mark.parametrize("expression", ["cron(0 0 29 2 ? 2196)", "cron(0 0 ? 2 MON#5 *)", "rate(60000 days)"])
def test_a_schedule_that_comes_seldom_is_taken(bench: EngineBench, expression: str) -> None:
    trigger = make(bench, {"type": "schedule", "expression": expression})
    assert bench.trigger_service.next_runs(trigger)


def test_a_schedule_that_is_over_is_not_enabled_again(bench: EngineBench) -> None:
    trigger = make(bench, {"type": "schedule", "expression": "cron(0 9 1 2 ? 2026)"})
    address = (trigger.workflow_id, trigger.trigger_id)
    bench.clock.advance(60 * 86_400)
    assert bench.trigger_service.next_runs(bench.trigger_service.get(*address)) == ()
    assert bench.trigger_service.set_enabled(*address, enabled=False).settings.enabled is False
    with pytest.raises(RequestError, match="at no time"):
        bench.trigger_service.set_enabled(*address, enabled=True)


@pytest.mark.parametrize(
    ("settings", "field", "told"),
    [
        (
            {"pattern": {"detail_type": ["order"]}},
            "pattern",
            "no event has a field 'detail_type'; did you mean 'detail-type'?",
        ),
        (
            {"pattern": {"source": ["a"], "$or": [{"detail": {}}, {"orderId": [1]}]}},
            "pattern",
            "'orderId'; there is source",
        ),
        ({"pattren": {"source": ["a"]}}, "pattren", "there is no field 'pattren'; did you mean 'pattern'?"),
        (
            {"pattern": {"source": ["a"]}, "inputs": {"n": "{{ event.( }}"}},
            "inputs.n",
            "'{{ event.( }}' cannot be read: ",
        ),
        (
            {"pattern": {"source": ["a"]}, "inputs": {"n": "{{event"}},
            "inputs.n",
            "'{{event' cannot be read: ",
        ),
    ],
)
def test_what_would_never_fire_or_be_read_is_refused_with_the_cure(
    bench: EngineBench, settings: JsonObject, field: str, told: str
) -> None:
    with pytest.raises(RequestError) as raised:
        bench.trigger_service.create(save(bench), {"type": "event", **settings})
    messages = {problem.field: problem.message for problem in raised.value.problems}
    assert told in messages[field]
    assert f"{field}: " in str(raised.value)


def test_a_pattern_of_all_that_events_have_is_taken(bench: EngineBench) -> None:
    pattern = {"source": ["a"], "detail-type": ["b"], "$or": [{"detail": {"n": [1]}}, {"account": ["1"]}]}
    assert make(bench, {"type": "event", "pattern": pattern})
