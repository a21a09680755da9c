"""Functions invoked through the Lambda API of the local AWS, with boto3."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.conftest import ROLE, wait_for, zipped

Function = Callable[..., str]
Client = Callable[[str], Any]

APP = """
import os, time
calls = 0
class RetryableNodeError(Exception): pass
def handler(event, context):
    global calls
    calls += 1
    print("event", event)
    do = event.get("do") if isinstance(event, dict) else None
    if do == "raise": raise RetryableNodeError("try again")
    if do == "exit": os._exit(3)
    if do == "sleep": time.sleep(event["seconds"])
    if do == "big": return "x" * event["size"]
    if do == "environment": return dict(os.environ)
    if do == "context":
        return [context.invoked_function_arn, context.function_name, context.memory_limit_in_mb]
    return {"calls": calls, "pid": os.getpid(), "event": event}
"""


def invoke(client: Client, arn: str, payload: Any, **more: Any) -> tuple[Any, dict[str, Any]]:
    answer = client("lambda").invoke(FunctionName=arn, Payload=json.dumps(payload), **more)
    return json.loads(answer["Payload"].read() or b"null"), answer


def test_a_warm_environment_is_used_again(function: Function, client: Client) -> None:
    arn = function(APP)
    first, _ = invoke(client, arn, {"a": 1})
    second, _ = invoke(client, arn, [1])
    assert second == {"calls": 2, "pid": first["pid"], "event": [1]}


def test_an_exception_is_reported_by_its_class(function: Function, client: Client) -> None:
    document, answer = invoke(client, function(APP), {"do": "raise"})
    assert answer["FunctionError"] == "Unhandled"
    assert (document["errorType"], document["errorMessage"]) == ("RetryableNodeError", "try again")
    assert "line" in document["stackTrace"][0]


def test_a_process_that_exits_is_an_exit_error_and_the_next_call_starts_another(
    function: Function, client: Client
) -> None:
    arn = function(APP)
    document, _ = invoke(client, arn, {"do": "exit"})
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert invoke(client, arn, {})[0]["calls"] == 1


def test_a_timeout_ends_the_environment(function: Function, client: Client) -> None:
    arn = function(APP, Timeout=1)
    document, _ = invoke(client, arn, {"do": "sleep", "seconds": 30})
    assert document["errorType"] == "Sandbox.Timedout"
    assert document["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert invoke(client, arn, {})[0]["calls"] == 1


def test_a_module_that_is_not_there_is_an_import_error(function: Function, client: Client) -> None:
    document, _ = invoke(client, function(APP, Handler="absent.handler"), {})
    assert document["errorType"] == "Runtime.ImportModuleError"


def test_the_tail_of_the_log_comes_back_when_asked_for(function: Function, client: Client) -> None:
    arn = function(APP)
    _, answer = invoke(client, arn, {"a": "b"}, LogType="Tail")
    assert base64.b64decode(answer["LogResult"]).decode() == "event {'a': 'b'}\n"
    assert "LogResult" not in invoke(client, arn, {})[1]


def test_the_log_is_in_cloudwatch_logs(function: Function, client: Client) -> None:
    name = function(APP).rsplit(":", 1)[1]
    invoke(client, name, {"marked": "here"})
    events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert "event {'marked': 'here'}" in [event["message"] for event in events]


def test_a_result_over_six_megabytes_is_an_error(function: Function, client: Client) -> None:
    arn = function(APP)
    assert len(invoke(client, arn, {"do": "big", "size": 6_000_000})[0]) == 6_000_000
    document, answer = invoke(client, arn, {"do": "big", "size": 6_400_000})
    assert answer["FunctionError"] == "Unhandled"
    assert document["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_payload_over_six_megabytes_is_refused(function: Function, client: Client) -> None:
    with pytest.raises(ClientError) as caught:
        invoke(client, function(APP), "x" * (6 * 1024 * 1024))
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_payload_that_is_no_json_is_refused(function: Function, client: Client) -> None:
    with pytest.raises(client("lambda").exceptions.InvalidRequestContentException):
        client("lambda").invoke(FunctionName=function(APP), Payload=b"{")


def test_reserved_concurrency_throttles(function: Function, client: Client) -> None:
    arn = function(APP)
    client("lambda").put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=1)
    statuses: list[int] = []

    def call() -> None:
        try:
            invoke(client, arn, {"do": "sleep", "seconds": 2})
            statuses.append(200)
        except client("lambda").exceptions.TooManyRequestsException as error:
            statuses.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 429, 429]


def test_invocations_at_the_same_time_get_environments_of_their_own(
    function: Function, client: Client
) -> None:
    arn = function(APP)
    pids: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: pids.append(invoke(client, arn, {"do": "sleep", "seconds": 1})[0]["pid"])
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 3


def test_a_change_of_configuration_retires_the_environment(function: Function, client: Client) -> None:
    arn = function(APP)
    first = invoke(client, arn, {})[0]["pid"]
    client("lambda").update_function_configuration(FunctionName=arn, Environment={"Variables": {"A": "b"}})
    environment, _ = invoke(client, arn, {"do": "environment"})
    assert environment["A"] == "b"
    assert invoke(client, arn, {})[0]["pid"] != first


def test_new_code_is_run_at_once(function: Function, client: Client) -> None:
    arn = function(APP)
    invoke(client, arn, {})
    client("lambda").update_function_code(
        FunctionName=arn, ZipFile=zipped(app="def handler(event, context): return 'new'")
    )
    assert invoke(client, arn, {})[0] == "new"


def test_the_environment_is_lambdas_and_leads_back_here(function: Function, client: Client, aws: Any) -> None:
    arn = function(APP, MemorySize=256)
    environment, _ = invoke(client, arn, {"do": "environment"})
    name = arn.rsplit(":", 1)[1]
    expected = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_REGION": "us-east-1",
        "_HANDLER": "app.handler",
    }
    assert {key: environment.get(key) for key in expected} == expected
    assert invoke(client, arn, {"do": "context"})[0] == [arn, name, "256"]


def test_a_layer_is_on_the_path(function: Function, client: Client) -> None:
    layer = client("lambda").publish_layer_version(
        LayerName="shared", Content={"ZipFile": zipped(**{"python/shared_part": "VALUE = 42"})}
    )
    source = "import shared_part\ndef handler(event, context): return shared_part.VALUE"
    assert invoke(client, function(source, Layers=[layer["LayerVersionArn"]]), {})[0] == 42


def test_a_published_version_keeps_its_code(function: Function, client: Client) -> None:
    arn = function("def handler(event, context): return 'first'")
    version = client("lambda").publish_version(FunctionName=arn)["Version"]
    client("lambda").update_function_code(
        FunctionName=arn, ZipFile=zipped(app="def handler(event, context): return 'second'")
    )
    assert invoke(client, f"{arn}:{version}", {})[0] == "first"
    assert invoke(client, arn, {})[0] == "second"


COUNTING = """
import boto3, os
def handler(event, context):
    boto3.client("dynamodb").update_item(TableName=os.environ["TABLE"], Key={"pk": {"S": "n"}},
        UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})
    raise ValueError("always")
"""


@pytest.fixture(scope="module")
def table(client: Client) -> str:
    client("dynamodb").create_table(
        TableName="invocations",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    return "invocations"


def next_message(client: Client, url: str) -> dict[str, Any]:
    def receive() -> Any:
        return (
            client("sqs")
            .receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1)
            .get("Messages")
        )

    message: dict[str, Any] = wait_for(receive)[0]
    return message


def test_an_asynchronous_invocation_is_tried_three_times_and_then_goes_to_its_destination(
    function: Function, client: Client, table: str
) -> None:
    url = client("sqs").create_queue(QueueName="failures")["QueueUrl"]
    queue = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    arn = function(COUNTING, Environment={"Variables": {"TABLE": table}})
    client("lambda").put_function_event_invoke_config(
        FunctionName=arn, DestinationConfig={"OnFailure": {"Destination": queue}}
    )
    assert invoke(client, arn, {"n": 1}, InvocationType="Event")[1]["StatusCode"] == 202
    body = json.loads(next_message(client, url)["Body"])
    assert body["requestPayload"] == {"n": 1}
    assert body["responsePayload"]["errorType"] == "ValueError"
    assert body["requestContext"]["condition"] == "RetriesExhausted"
    item = client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "n"}})["Item"]
    assert item["n"] == {"N": "3"}


def test_a_dead_letter_queue_gets_the_event_itself(function: Function, client: Client) -> None:
    url = client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    queue = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    source = "def handler(event, context): raise ValueError('always')"
    arn = function(source, DeadLetterConfig={"TargetArn": queue})
    invoke(client, arn, {"n": 2}, InvocationType="Event")
    message = next_message(client, url)
    assert json.loads(message["Body"]) == {"n": 2}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "always"


def test_a_function_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(ClientError) as caught:
        invoke(client, f"arn:aws:lambda:us-east-1:000000000000:function:{ROLE[-4:]}-absent", {})
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
