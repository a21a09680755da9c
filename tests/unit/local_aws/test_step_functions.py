"""Executions on the local AWS, with boto3. Waits and retries take a twentieth of their time here."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.local_aws.conftest import ROLE, wait_for, zipped

Function = Callable[..., str]
Client = Callable[[str], Any]
Machine = Callable[..., str]
Execute = Callable[..., dict[str, Any]]

APP = """
import time
class RetryableNodeError(Exception): pass
class FinalNodeError(Exception): pass
seen = {}
def handler(event, context):
    do = event.get("do")
    if do == "sleep": time.sleep(event["seconds"])
    if do == "flaky":
        seen[event["id"]] = seen.get(event["id"], 0) + 1
        if seen[event["id"]] < 3: raise RetryableNodeError("attempt %d" % seen[event["id"]])
        return seen[event["id"]]
    if do == "final": raise FinalNodeError("no use")
    return event
"""


@pytest.fixture(scope="module")
def app(client: Client) -> str:
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", APP)
    made = client("lambda").create_function(
        FunctionName="states-app",
        Runtime="python3.11",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )
    return str(made["FunctionArn"])


def task(arn: str, payload: Any = None, **more: Any) -> dict[str, Any]:
    parameters = (
        {"FunctionName": arn, "Payload": payload} if payload else {"FunctionName": arn, "Payload.$": "$"}
    )
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": parameters,
        "OutputPath": "$.Payload",
        **({} if "Next" in more else {"End": True}),
        **more,
    }


def one(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"StartAt": "Only", "States": {"Only": state}, **more}


RETRY = {"ErrorEquals": ["RetryableNodeError"], "IntervalSeconds": 5, "MaxAttempts": 4}


def test_a_named_retry_repeats_the_task(app: str, execute: Execute) -> None:
    retrier = {**RETRY, "MaxDelaySeconds": 6, "JitterStrategy": "FULL"}
    ended = execute(one(task(app, Retry=[retrier])), {"do": "flaky", "id": "retry"})
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "3")


def test_a_retry_of_another_name_does_not(app: str, execute: Execute) -> None:
    ended = execute(one(task(app, Retry=[RETRY])), {"do": "final"})
    assert (ended["status"], ended["error"]) == ("FAILED", "FinalNodeError")
    assert json.loads(ended["cause"])["errorMessage"] == "no use"


@pytest.mark.parametrize("resource", ["lambda:invoke", "function ARN"])
def test_a_named_catch_takes_its_way(app: str, execute: Execute, resource: str) -> None:
    catch = {
        "Catch": [{"ErrorEquals": ["FinalNodeError"], "ResultPath": "$.error", "Next": "Caught"}],
        "Next": "Never",
    }
    state = task(app, **catch) if resource == "lambda:invoke" else {"Type": "Task", "Resource": app, **catch}
    states = {"Only": state, "Caught": {"Type": "Pass", "End": True}, "Never": {"Type": "Succeed"}}
    ended = execute({"StartAt": "Only", "States": states}, {"do": "final"})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["error"]["Error"] == "FinalNodeError"


def test_a_function_that_is_not_there_is_a_named_error(app: str, execute: Execute) -> None:
    ended = execute(one({"Type": "Task", "Resource": f"{app}-absent", "End": True}))
    assert ended["error"] == "Lambda.ResourceNotFoundException"


def test_the_retry_count_is_in_the_context(app: str, execute: Execute) -> None:
    state = task(app, {"do": "flaky", "id.$": "$.id", "count.$": "$$.State.RetryCount"}, Retry=[RETRY])
    assert execute(one(state), {"id": "context"})["output"] == "3"


def test_a_task_that_overruns_its_timeout_is_caught_outside_its_branch(app: str, execute: Execute) -> None:
    slow = one(task(app, {"do": "sleep", "seconds": 3}, TimeoutSeconds=1))
    parallel = {
        "Type": "Parallel",
        "Branches": [slow, one({"Type": "Pass", "End": True})],
        "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}],
        "Next": "Never",
    }
    states = {
        "Only": parallel,
        "Late": {"Type": "Pass", "Result": "late", "End": True},
        "Never": {"Type": "Succeed"},
    }
    assert execute({"StartAt": "Only", "States": states})["output"] == '"late"'


def test_a_machine_that_overruns_its_timeout_is_timed_out(execute: Execute, client: Client) -> None:
    ended = execute(one({"Type": "Wait", "Seconds": 1000, "End": True}, TimeoutSeconds=1))
    assert ended["status"] == "TIMED_OUT"
    events = client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])["events"]
    assert events[-1]["type"] == "ExecutionTimedOut"


def test_waits_are_scaled(execute: Execute) -> None:
    started = time.monotonic()
    assert execute(one({"Type": "Wait", "Seconds": 10, "End": True}))["status"] == "SUCCEEDED"
    assert 0.5 <= time.monotonic() - started < 5


def test_a_parallel_fails_as_soon_as_a_branch_does(execute: Execute) -> None:
    branches = [
        one({"Type": "Wait", "Seconds": 1000, "End": True}),
        one({"Type": "Fail", "Error": "Branch.Broke", "Cause": "on purpose"}),
    ]
    started = time.monotonic()
    ended = execute(one({"Type": "Parallel", "Branches": branches, "End": True}))
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Branch.Broke", "on purpose")
    assert time.monotonic() - started < 10


def test_a_choice_without_a_match_is_named(execute: Execute) -> None:
    states = {
        "Only": {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "End"}]},
        "End": {"Type": "Succeed"},
    }
    assert execute({"StartAt": "Only", "States": states}, {"a": 2})["error"] == "States.NoChoiceMatched"


def test_an_execution_runs_the_version_it_was_started_with(client: Client, execute: Execute) -> None:
    states = client("stepfunctions")

    def saying(word: str) -> str:
        wait = {"Type": "Wait", "Seconds": 10, "Next": "Say"}
        return json.dumps(
            {"StartAt": "W", "States": {"W": wait, "Say": {"Type": "Pass", "Result": word, "End": True}}}
        )

    made = states.create_state_machine(name="versions", definition=saying("one"), roleArn=ROLE, publish=True)
    machine, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    assert first == f"{machine}:1"
    running = states.start_execution(stateMachineArn=machine, name="started-before")["executionArn"]
    updated = states.update_state_machine(stateMachineArn=machine, definition=saying("two"), publish=True)
    assert updated["stateMachineVersionArn"] == f"{machine}:2"
    old = execute(first)
    assert (old["output"], old["stateMachineVersionArn"], old["stateMachineArn"]) == ('"one"', first, machine)
    assert execute(f"{machine}:2")["output"] == '"two"'
    new = execute(machine)
    assert (new["output"], "stateMachineVersionArn" in new) == ('"two"', False)
    ended = wait_for(lambda: ended_execution(states, running))
    assert ended["output"] == '"one"'
    shown = states.describe_state_machine_for_execution(executionArn=old["executionArn"])
    assert json.loads(shown["definition"]) == json.loads(saying("one"))
    assert json.loads(states.describe_state_machine(stateMachineArn=first)["definition"]) == json.loads(
        saying("one")
    )


def ended_execution(states: Any, arn: str) -> Any:
    described = states.describe_execution(executionArn=arn)
    return described if described["status"] != "RUNNING" else None


def test_a_stopped_execution_is_aborted_at_once(client: Client, machine: Machine) -> None:
    states = client("stepfunctions")
    arn = machine(one({"Type": "Wait", "Seconds": 100_000, "End": True}))
    started = states.start_execution(stateMachineArn=arn, name="stopped")["executionArn"]
    wait_for(lambda: len(history(client, started)) > 1)
    states.stop_execution(executionArn=started, error="Cancelled", cause="by hand")
    ended = states.describe_execution(executionArn=started)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Cancelled", "by hand")
    last = wait_for(
        lambda: [event for event in history(client, started) if event["type"] == "ExecutionAborted"]
    )
    assert last[0]["executionAbortedEventDetails"] == {"error": "Cancelled", "cause": "by hand"}


def history(client: Client, arn: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    return events


def test_the_history_names_each_step(app: str, execute: Execute, client: Client) -> None:
    ended = execute(one(task(app)), {"a": 1})
    assert [event["type"] for event in history(client, ended["executionArn"])] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_the_same_start_again_answers_with_the_running_execution(client: Client, machine: Machine) -> None:
    states = client("stepfunctions")
    arn = machine(one({"Type": "Wait", "Seconds": 100_000, "End": True}))
    first = states.start_execution(stateMachineArn=arn, name="twin", input='{"a": 1}')
    again = states.start_execution(stateMachineArn=arn, name="twin", input='{ "a":1 }')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=arn, name="twin", input='{"a": 2}')
    states.stop_execution(executionArn=first["executionArn"])


def test_an_input_that_is_too_large_or_no_json_is_refused(client: Client, machine: Machine) -> None:
    states = client("stepfunctions")
    arn = machine(one({"Type": "Succeed"}))
    with pytest.raises(states.exceptions.InvalidExecutionInput):
        states.start_execution(stateMachineArn=arn, input="{")
    with pytest.raises(states.exceptions.ClientError, match="262144"):
        states.start_execution(stateMachineArn=arn, input=json.dumps("x" * 262_144))


@pytest.fixture
def waiting(client: Client, machine: Machine) -> Callable[..., tuple[str, str]]:
    """Start an execution that waits for a task token; return its ARN and the token."""

    def start(**more: Any) -> tuple[str, str]:
        url = client("sqs").create_queue(QueueName=f"tokens-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
            "End": True,
            **more,
        }
        arn = client("stepfunctions").start_execution(
            stateMachineArn=machine(one(state)), name=uuid.uuid4().hex
        )
        message = wait_for(
            lambda: client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")
        )
        return arn["executionArn"], message[0]["Body"]

    return start


def test_a_task_token_is_answered(client: Client, waiting: Callable[..., tuple[str, str]]) -> None:
    states = client("stepfunctions")
    arn, token = waiting()
    states.send_task_success(taskToken=token, output='{"approved": true}')
    assert wait_for(lambda: ended_execution(states, arn))["output"] == '{"approved": true}'
    with pytest.raises(states.exceptions.TaskTimedOut):
        states.send_task_success(taskToken=token, output="{}")


def test_a_task_token_fails_by_name(client: Client, waiting: Callable[..., tuple[str, str]]) -> None:
    states = client("stepfunctions")
    arn, token = waiting()
    states.send_task_failure(taskToken=token, error="Refused", cause="not today")
    ended = wait_for(lambda: ended_execution(states, arn))
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Refused", "not today")


def test_a_missed_heartbeat_is_named(client: Client, waiting: Callable[..., tuple[str, str]]) -> None:
    states = client("stepfunctions")
    arn, token = waiting(HeartbeatSeconds=2, TimeoutSeconds=60)
    time.sleep(1.2)
    states.send_task_heartbeat(taskToken=token)
    time.sleep(1.2)
    assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    assert wait_for(lambda: ended_execution(states, arn))["error"] == "States.HeartbeatTimeout"


def test_an_execution_that_waits_for_a_token_can_be_stopped(
    client: Client, waiting: Callable[..., tuple[str, str]]
) -> None:
    states = client("stepfunctions")
    arn, token = waiting()
    states.stop_execution(executionArn=arn)
    with pytest.raises(states.exceptions.TaskTimedOut):
        wait_for(lambda: states.send_task_success(taskToken=token, output="{}") is None)


def test_an_answer_that_is_no_json_is_refused(
    client: Client, waiting: Callable[..., tuple[str, str]]
) -> None:
    states = client("stepfunctions")
    arn, token = waiting()
    with pytest.raises(states.exceptions.InvalidOutput):
        states.send_task_success(taskToken=token, output="{")
    states.send_task_success(taskToken=token, output="1")
    assert wait_for(lambda: ended_execution(states, arn))["output"] == "1"


def test_a_wait_for_a_token_times_out_by_name(
    client: Client, waiting: Callable[..., tuple[str, str]]
) -> None:
    states = client("stepfunctions")
    arn, token = waiting(TimeoutSeconds=1)
    assert wait_for(lambda: ended_execution(states, arn))["error"] == "States.Timeout"
    with pytest.raises(states.exceptions.TaskTimedOut):
        states.send_task_success(taskToken=token, output="{}")


CALLING_BACK = """
import os, boto3
states = boto3.client("stepfunctions", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
def handler(event, context):
    token = event["token"]
    states.send_task_heartbeat(taskToken=token)
    if event["item"] < 0:
        states.send_task_failure(taskToken=token, error="Negative", cause="below zero")
    else:
        states.send_task_success(taskToken=token, output=str(10 * event["item"]))
"""


@pytest.fixture(scope="module")
def calling_back(client: Client) -> str:
    made = client("lambda").create_function(
        FunctionName="calls-back",
        Runtime="python3.11",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": zipped(app=CALLING_BACK)},
        Timeout=30,
    )
    return str(made["FunctionArn"])


def token_task(function: str, item: Any, **more: Any) -> dict[str, Any]:
    """A task that waits for the token which its own function answers while it is being called."""
    key, value = ("item.$", item) if isinstance(item, str) else ("item", item)
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": function, "Payload": {"token.$": "$$.Task.Token", key: value}},
        "TimeoutSeconds": 60,
        **({} if "Next" in more else {"End": True}),
        **more,
    }


def test_a_function_answers_the_token_of_its_own_call(calling_back: str, execute: Execute) -> None:
    assert execute(one(token_task(calling_back, 4)))["output"] == "40"
    assert execute(one(token_task(calling_back, 4, HeartbeatSeconds=20)))["output"] == "40"
    failed = execute(one(token_task(calling_back, -1)))
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Negative", "below zero")


def test_tokens_are_apart_in_branches_and_items(calling_back: str, execute: Execute) -> None:
    branches = [one(token_task(calling_back, item)) for item in range(6)]
    ended = execute(one({"Type": "Parallel", "Branches": branches, "End": True}))
    assert json.loads(ended["output"]) == [0, 10, 20, 30, 40, 50]
    state = {"Type": "Map", "ItemProcessor": one(token_task(calling_back, "$")), "End": True}
    assert json.loads(execute(one(state), [5, 3, 8, 1])["output"]) == [50, 30, 80, 10]
    assert execute(one(state), [1, -1, 2])["error"] == "Negative"


def test_a_wait_that_fails_takes_its_way_and_its_sibling_with_it(
    calling_back: str, app: str, execute: Execute
) -> None:
    catch = {"Catch": [{"ErrorEquals": ["Negative"], "Next": "Caught"}], "Next": "Never"}
    states = {
        "Only": token_task(calling_back, -1, **catch),
        "Caught": {"Type": "Pass", "Result": "caught", "End": True},
        "Never": {"Type": "Succeed"},
    }
    assert execute({"StartAt": "Only", "States": states})["output"] == '"caught"'
    unanswered = token_task(app, 1)
    started = time.monotonic()
    branches = [one(unanswered), one(token_task(calling_back, -1))]
    assert execute(one({"Type": "Parallel", "Branches": branches, "End": True}))["error"] == "Negative"
    assert time.monotonic() - started < 30


DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


@pytest.mark.parametrize(
    ("tolerance", "error"),
    [
        ({}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailureCount": 1}, None),
        ({"ToleratedFailurePercentage": 10}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailurePercentage": 40}, None),
    ],
)
def test_a_distributed_map_fails_beyond_its_tolerance(
    execute: Execute, tolerance: dict[str, Any], error: str | None
) -> None:
    choose = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Broken"}],
        "Default": "Fine",
    }
    states = {"Only": choose, "Broken": {"Type": "Fail", "Error": "Item"}, "Fine": {"Type": "Succeed"}}
    processor = {**DISTRIBUTED, "StartAt": "Only", "States": states}
    ended = execute(one({"Type": "Map", "ItemProcessor": processor, "End": True, **tolerance}), [1, 2, 3])
    assert ended.get("error") == error


def test_a_map_of_a_thousand_items_runs_one_after_the_other(execute: Execute) -> None:
    processor = one({"Type": "Pass", "End": True})
    ended = execute(
        one({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}), [*range(1000)]
    )
    assert json.loads(ended["output"]) == [*range(1000)]


def test_services_are_called_with_the_names_of_the_documentation(execute: Execute, client: Client) -> None:
    client("dynamodb").create_table(
        TableName="from-states",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem",
        "Parameters": {"TableName": "from-states", "Item": {"pk": {"S.$": "$.id"}}},
        "ResultPath": None,
        "Next": "Get",
    }
    get = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Parameters": {"TableName": "from-states", "Key": {"pk": {"S.$": "$.id"}}},
        "OutputPath": "$.Item",
        "End": True,
    }
    ended = execute({"StartAt": "Put", "States": {"Put": put, "Get": get}}, {"id": "a"})
    assert json.loads(ended["output"]) == {"pk": {"S": "a"}}


BROKEN = [
    ("not json", "INVALID_JSON_DESCRIPTION"),
    (json.dumps(one({"Type": "Pass", "Next": "Absent"})), "MISSING_TRANSITION_TARGET"),
    (json.dumps(one({"Type": "Pass"})), "SCHEMA_VALIDATION_FAILED"),
    (
        json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}),
        "is not reachable",
    ),
    (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}), "MISSING_END_STATE"),
    (
        json.dumps(one({"Type": "Parallel", "Branches": [one({"Type": "Pass"})], "End": True})),
        "'Next' or 'End'",
    ),
    (json.dumps(one({"Type": "Task", "End": True, "Resource": 7})), "SCHEMA_VALIDATION_FAILED"),
]


@pytest.mark.parametrize(("definition", "problem"), BROKEN)
def test_a_broken_definition_is_refused(
    client: Client, machine: Machine, definition: str, problem: str
) -> None:
    states = client("stepfunctions")
    with pytest.raises(states.exceptions.InvalidDefinition, match=problem):
        states.create_state_machine(name="broken", definition=definition, roleArn=ROLE)
    arn = machine(one({"Type": "Succeed"}))
    with pytest.raises(states.exceptions.InvalidDefinition, match=problem):
        states.update_state_machine(stateMachineArn=arn, definition=definition)
    checked = states.validate_state_machine_definition(definition=definition)
    assert checked["result"] == "FAIL"


def test_a_sound_definition_is_valid(client: Client) -> None:
    checked = client("stepfunctions").validate_state_machine_definition(
        definition=json.dumps(one({"Type": "Succeed"}))
    )
    assert (checked["result"], checked["diagnostics"]) == ("OK", [])


@pytest.fixture(scope="module")
def status_events(client: Client) -> Callable[[str, int], list[dict[str, Any]]]:
    """Collect status-change events; returns those of an execution once there are ``count``."""
    url = client("sqs").create_queue(QueueName="status-events")["QueueUrl"]
    queue = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    client("events").put_rule(Name="status", EventPattern=json.dumps({"source": ["aws.states"]}))
    client("events").put_targets(Rule="status", Targets=[{"Id": "q", "Arn": queue}])
    seen: list[dict[str, Any]] = []

    def collect(arn: str, count: int) -> list[dict[str, Any]]:
        def enough() -> list[dict[str, Any]]:
            for message in (
                client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            ):
                client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                seen.append(json.loads(message["Body"]))
            mine = [event for event in seen if event["detail"]["executionArn"] == arn]
            return mine if len(mine) >= count else []

        found: list[dict[str, Any]] = wait_for(enough)
        return found

    return collect


Events = Callable[[str, int], list[dict[str, Any]]]


def test_the_end_of_an_execution_is_told_by_an_event(execute: Execute, status_events: Events) -> None:
    ended = execute(one({"Type": "Succeed"}), {"a": 1})
    events = status_events(ended["executionArn"], 2)
    running, succeeded = sorted((event["detail"] for event in events), key=lambda detail: detail["status"])
    assert (running["status"], running["stopDate"], running["output"]) == ("RUNNING", None, None)
    assert events[0]["detail-type"] == "Step Functions Execution Status Change"
    assert events[0]["resources"] == [ended["executionArn"]]
    assert succeeded == {
        "executionArn": ended["executionArn"],
        "stateMachineArn": ended["stateMachineArn"],
        "name": ended["name"],
        "status": "SUCCEEDED",
        "startDate": running["startDate"],
        "stopDate": succeeded["stopDate"],
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "output": '{"a": 1}',
        "outputDetails": {"included": True},
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "error": None,
        "cause": None,
    }


def test_a_failure_a_timeout_and_an_abort_are_told_too(
    execute: Execute, status_events: Events, client: Client, machine: Machine
) -> None:
    failed = execute(one({"Type": "Fail", "Error": "Wrong", "Cause": "for once"}))
    detail = status_events(failed["executionArn"], 2)[-1]["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("FAILED", "Wrong", "for once")
    late = execute(one({"Type": "Wait", "Seconds": 1000, "End": True}, TimeoutSeconds=1))
    assert status_events(late["executionArn"], 2)[-1]["detail"]["status"] == "TIMED_OUT"
    states = client("stepfunctions")
    arn = machine(one({"Type": "Wait", "Seconds": 100_000, "End": True}))
    started = states.start_execution(stateMachineArn=arn, name="told")["executionArn"]
    states.stop_execution(executionArn=started, error="E", cause="C")
    detail = status_events(started, 2)[-1]["detail"]
    assert (detail["status"], detail["error"], detail["cause"]) == ("ABORTED", "E", "C")


def test_an_event_names_the_version_that_ran(execute: Execute, status_events: Events, client: Client) -> None:
    made = client("stepfunctions").create_state_machine(
        name="told-version", definition=json.dumps(one({"Type": "Succeed"})), roleArn=ROLE, publish=True
    )
    ended = execute(made["stateMachineVersionArn"])
    detail = status_events(ended["executionArn"], 2)[-1]["detail"]
    assert detail["stateMachineVersionArn"] == made["stateMachineVersionArn"]
    assert detail["stateMachineArn"] == made["stateMachineArn"]


def test_a_scheduled_rule_fires_in_scaled_time(client: Client) -> None:
    url = client("sqs").create_queue(QueueName="schedule")["QueueUrl"]
    queue = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    client("events").put_rule(Name="minutely", ScheduleExpression="rate(1 minute)")
    client("events").put_targets(Rule="minutely", Targets=[{"Id": "q", "Arn": queue}])
    message = wait_for(
        lambda: client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")
    )[0]
    assert json.loads(message["Body"])["detail-type"] == "Scheduled Event"
    client("events").remove_targets(Rule="minutely", Ids=["q"])
    client("events").delete_rule(Name="minutely")
