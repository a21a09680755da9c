"""An execution whose end nobody told, and that nobody reads, is found and ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import node, workflow
from tests.integration.workflow_api import WorkflowApi

FUNCTION = "mini-n8n-local-execution-events"


@pytest.fixture
def deaf(stack: LocalStack) -> Iterator[None]:
    """No event of Step Functions is delivered meanwhile, and no sweep comes but the test's."""
    events = local_client(stack.endpoint, "events")
    rules = [rule for rule in events.list_rules()["Rules"] if told_by_aws(rule)]
    assert len(rules) == 2
    for rule in rules:
        events.disable_rule(Name=rule["Name"])
    yield
    for rule in rules:
        events.enable_rule(Name=rule["Name"])


def told_by_aws(rule: dict[str, Any]) -> bool:
    return "aws.states" in rule.get("EventPattern", "") or "ScheduleExpression" in rule


def test_the_sweep_ends_what_hangs(stack: LocalStack, api: WorkflowApi, deaf: None) -> None:
    started = api.start(api.save(workflow(node("a", "transform", value=7), settings={"timeout_seconds": 30})))
    wait_for_machine(stack, started["id"])
    assert record(stack, started["id"])["status"]["S"] == "running"
    assert sweep(stack) == []
    an_hour_ago(stack, started["id"])
    assert sweep(stack) == [started["id"]]
    after = record(stack, started["id"])
    assert (after["status"]["S"], "due_shard" in after) == ("succeeded", False)
    assert sweep(stack) == []
    found = api.http.get(f"/executions/{started['id']}").json()
    assert (found["status"], found["output"]) == ("succeeded", {"a": 7})


def sweep(stack: LocalStack) -> list[str]:
    """What the rule sends every quarter of an hour."""
    answer = local_client(stack.endpoint, "lambda").invoke(
        FunctionName=FUNCTION, Payload=json.dumps({"sweep": "stuck"})
    )
    assert "FunctionError" not in answer
    stuck: list[str] = json.load(answer["Payload"])["stuck"]
    return stuck


def record(stack: LocalStack, execution_id: str) -> dict[str, Any]:
    """The execution as an item: a read by the API would repair it."""
    found = local_client(stack.endpoint, "dynamodb").get_item(
        TableName=stack.deployment.outputs["ExecutionsTableName"],
        Key={"execution_id": {"S": execution_id}, "sk": {"S": "META"}},
    )
    item: dict[str, Any] = found["Item"]
    return item


def wait_for_machine(stack: LocalStack, execution_id: str) -> None:
    machines = local_client(stack.endpoint, "stepfunctions")
    arn = record(stack, execution_id)["execution_arn"]["S"]
    deadline = time.monotonic() + 60
    while machines.describe_execution(executionArn=arn)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def an_hour_ago(stack: LocalStack, execution_id: str) -> None:
    """Let it have started an hour ago."""
    item = record(stack, execution_id)
    fields = json.loads(item["record"]["S"])
    started = datetime.fromisoformat(fields["started_at"]) - timedelta(hours=1)
    fields["started_at"] = started.isoformat()
    due = int(item["due_at_epoch_seconds"]["N"]) - 3_600
    item |= {"record": {"S": json.dumps(fields)}, "due_at_epoch_seconds": {"N": str(due)}}
    local_client(stack.endpoint, "dynamodb").put_item(
        TableName=stack.deployment.outputs["ExecutionsTableName"], Item=item
    )
