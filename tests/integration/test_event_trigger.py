"""Schedules, objects and events, each fired by the local AWS itself."""

from __future__ import annotations

import itertools
import time
import uuid
from datetime import datetime
from typing import Any

import pytest

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.trigger_api import (
    dump,
    executions_of,
    make_trigger,
    read_trigger,
    save_live,
    wait_for,
)
from tests.integration.workflow_api import WorkflowApi


def put_event(stack: LocalStack, source: str, detail: dict[str, Any]) -> None:
    entry = {"Source": source, "DetailType": "Order", "Detail": dump(detail).decode()}
    answer = local_client(stack.endpoint, "events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def only_execution(api: WorkflowApi, workflow: str) -> dict[str, Any]:
    (execution,) = wait_for(lambda: executions_of(api, workflow))
    return api.end(execution["id"])


def test_an_event_that_matches_is_the_input(stack: LocalStack, api: WorkflowApi) -> None:
    source, workflow = f"shop.{uuid.uuid4().hex}", save_live(api)
    pattern = {"source": [source], "detail": {"total": [{"numeric": [">", 100]}]}}
    trigger = make_trigger(api, workflow, type="event", pattern=pattern)
    put_event(stack, source, {"total": 5})
    put_event(stack, source, {"total": 500, "id": "A7"})
    execution = only_execution(api, workflow)
    assert (execution["status"], execution["trigger"]) == ("succeeded", f"event:{trigger['id']}")
    event = execution["output"]["echo"]
    assert (event["source"], event["detail"]) == (source, {"total": 500, "id": "A7"})
    fire = wait_for(lambda: read_trigger(api, trigger)["last_fire"])
    assert (fire["outcome"], fire["execution_id"]) == ("started", execution["id"])


def test_an_event_delivered_again_starts_nothing(stack: LocalStack, api: WorkflowApi) -> None:
    workflow = save_live(api)
    trigger = make_trigger(api, workflow, type="event", pattern={"source": ["nobody"]})
    functions = local_client(stack.endpoint, "lambda")
    address = {"workflow_id": workflow, "trigger_id": trigger["id"]}
    payload = dump({"trigger": address, "event": {"id": "e-1", "detail": {"n": 1}}})
    answers = [
        functions.invoke(FunctionName="mini-n8n-local-triggers", Payload=payload)["Payload"].read()
        for _ in range(3)
    ]
    assert len(set(answers)) == 1
    assert b"ex_" in answers[0]
    assert len(executions_of(api, workflow)) == 1


def test_an_object_below_the_prefix_starts_an_execution(stack: LocalStack, api: WorkflowApi) -> None:
    bucket, workflow = f"inbox-{uuid.uuid4().hex}", save_live(api)
    storage = local_client(stack.endpoint, "s3")
    storage.create_bucket(Bucket=bucket)
    storage.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    trigger = make_trigger(api, workflow, type="s3", bucket=bucket, prefix="in/", suffix=".csv")
    for key in ("in/a.txt", "out/a.csv", "in/sub/a b.csv"):
        storage.put_object(Bucket=bucket, Key=key, Body=b"a,b")
    execution = only_execution(api, workflow)
    assert execution["trigger"] == f"s3:{trigger['id']}"
    detail = execution["output"]["echo"]["detail"]
    assert (detail["bucket"]["name"], detail["object"]["key"]) == (bucket, "in/sub/a b.csv")
    assert detail["object"]["size"] == 3


def test_a_schedule_fires_at_its_times_until_it_is_paused(stack: LocalStack, api: WorkflowApi) -> None:
    workflow = save_live(api)
    inputs = {"event": {"at": "{{ event.scheduled_time }}"}}
    settings = {"expression": "rate(1 minute)", "timezone": "Europe/Berlin", "inputs": inputs}
    trigger = make_trigger(api, workflow, type="schedule", **settings)
    next_runs = [datetime.fromisoformat(at) for at in trigger["next_runs"]]
    assert [(b - a).total_seconds() for a, b in itertools.pairwise(next_runs)] == [60.0] * 4
    wait_for(lambda: len(executions_of(api, workflow)) >= 2)
    path = f"/workflows/{workflow}/triggers/{trigger['id']}"
    paused = api.http.post(f"{path}/disable").json()
    assert (paused["enabled"], paused["next_runs"]) == (False, [])
    time.sleep(1)  # what was on its way arrives
    runs = executions_of(api, workflow)
    times = [api.end(run["id"])["output"]["echo"]["at"] for run in runs]
    assert len(set(times)) == len(times)
    assert all(datetime.fromisoformat(at).tzinfo for at in times)
    time.sleep(4)  # more than a minute, as time goes here
    assert len(executions_of(api, workflow)) == len(runs)


def test_an_event_that_fits_no_input_is_kept_and_replayed(stack: LocalStack, api: WorkflowApi) -> None:
    source, workflow = f"shop.{uuid.uuid4().hex}", save_live(api)
    mapping = {"event": "{{ event.detail.order }}"}
    trigger = make_trigger(api, workflow, type="event", pattern={"source": [source]}, inputs=mapping)
    path = f"/workflows/{workflow}/triggers/{trigger['id']}"
    put_event(stack, source, {"total": 1})
    (failure,) = wait_for(lambda: api.http.get(f"{path}/failures").json()["items"])
    assert failure["event"]["detail"] == {"total": 1}
    assert "order" in failure["message"]
    assert read_trigger(api, trigger)["last_fire"]["outcome"] == "failed"
    refused = api.http.post(f"{path}/failures/{failure['id']}/replay")
    assert refused.status_code == 422
    changed = {"type": "event", "pattern": {"source": [source]}}
    assert api.http.put(path, json=changed).status_code == 200
    replayed = api.http.post(f"{path}/failures/{failure['id']}/replay")
    assert replayed.status_code == 202, replayed.text
    assert api.end(replayed.json()["id"])["output"]["echo"]["detail"] == {"total": 1}
    assert api.http.get(f"{path}/failures").json() == {"items": [], "cursor": None}


def test_an_event_whose_deliveries_all_fail_comes_through_the_queue(
    stack: LocalStack, api: WorkflowApi
) -> None:
    source, workflow = f"shop.{uuid.uuid4().hex}", save_live(api)
    trigger = make_trigger(api, workflow, type="event", pattern={"source": [source]})
    path = f"/workflows/{workflow}/triggers/{trigger['id']}"
    # Without its machine the workflow cannot start, however often the event is delivered.
    machine = api.http.get(f"/workflows/{workflow}").json()["state_machine_version_arn"].rpartition(":")[0]
    local_client(stack.endpoint, "stepfunctions").delete_state_machine(stateMachineArn=machine)
    put_event(stack, source, {"n": 3})
    (failure,) = wait_for(lambda: api.http.get(f"{path}/failures").json()["items"])
    assert failure["event"]["detail"] == {"n": 3}
    assert "could not be started" in failure["message"]


def test_a_deleted_workflow_leaves_no_rule_no_schedule_and_no_path(
    stack: LocalStack, api: WorkflowApi
) -> None:
    workflow = save_live(api)
    make_trigger(api, workflow, type="webhook", path="gone")
    event = make_trigger(api, workflow, type="event", pattern={"source": ["shop"]})
    schedule = make_trigger(api, workflow, type="schedule", expression="cron(0 9 ? * MON-FRI *)")
    events, scheduler = local_client(stack.endpoint, "events"), local_client(stack.endpoint, "scheduler")

    def names() -> tuple[set[str], set[str]]:
        rules = events.list_rules(NamePrefix="mini-n8n-local-tr_")["Rules"]
        schedules = scheduler.list_schedules(GroupName="mini-n8n-local")["Schedules"]
        return {rule["Name"] for rule in rules}, {one["Name"] for one in schedules}

    before = names()
    assert f"mini-n8n-local-{event['id']}" in before[0]
    assert schedule["id"] in before[1]
    assert api.http.delete(f"/workflows/{workflow}").status_code == 204
    after = names()
    assert f"mini-n8n-local-{event['id']}" not in after[0]
    assert schedule["id"] not in after[1]
    assert api.http.get(f"/workflows/{workflow}/triggers").status_code == 404
    other = save_live(api)
    make_trigger(api, other, type="webhook", path="gone")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"type": "schedule", "expression": "cron(0 9 * * MON *)"}, "expression"),
        ({"type": "schedule", "expression": "rate(1 hour)", "timezone": "Mars/Olympus"}, "timezone"),
        ({"type": "event", "pattern": {"source": "shop"}}, "pattern"),
        ({"type": "event", "pattern": {}}, "pattern"),
        ({"type": "webhook", "path": "../up"}, "path"),
        ({"type": "webhook", "auth": {"type": "github", "credential": "nobody"}}, "auth.credential"),
        ({"type": "webhook", "inputs": {"a": "{{ orders.id }}"}}, "inputs.a"),
        ({"type": "s3", "bucket": "mini-n8n-local-000000000000-us-east-1"}, "bucket"),
        ({"type": "rocket"}, "type"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(
    api: WorkflowApi, settings: dict[str, Any], field: str
) -> None:
    workflow = save_live(api)
    answer = api.http.post(f"/workflows/{workflow}/triggers", json=settings)
    assert answer.status_code == 422, answer.text
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert api.http.get(f"/workflows/{workflow}/triggers").json() == {"items": []}
