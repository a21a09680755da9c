"""Each mend of MiniStack: without it the defect is there, with it alone it is gone.

A failure here after an update of MiniStack says which patch is no longer needed, or no longer applies.
"""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra.local.asl.patches import apply_interpreter_patches
from infra.local.aws.expired_items import remove_expired
from infra.local.aws.lambda_pool.code_store import CodeStore
from infra.local.aws.lambda_pool.pool import LambdaPool
from infra.local.aws.options import ServerOptions
from infra.local.aws.patches import (
    dead_letter_messages,
    definition_checks,
    event_delivery,
    execution_details,
    execution_engine,
    expression_checks,
    http_api_body,
    http_api_preflight,
    http_api_proxy,
    interrupted_executions,
    lambda_executor,
    lambda_log_streams,
    lambda_requests,
    loading,
    machine_versions,
    schedule_rate,
    schedule_times,
    server_patches,
    service_clients,
    status_events,
    table_expiry,
)
from infra.local.aws.task_queue import TaskQueue
from infra.local.patch import Patch, patched
from tests.unit.local_aws.conftest import ROLE, zipped

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:canary"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LambdaPool]:
    import os

    pool = LambdaPool({"PATH": os.environ["PATH"]}, tmp_path_factory.mktemp("logs"))
    yield pool
    pool.close()


@pytest.fixture
def code(tmp_path: Path) -> CodeStore:
    return CodeStore(tmp_path)


@pytest.fixture
def states() -> Iterator[ModuleType]:
    from ministack.services import stepfunctions

    stepfunctions.reset()
    yield stepfunctions
    stepfunctions.reset()


def record(source: str, **config: Any) -> dict[str, Any]:
    """A function as MiniStack keeps it."""
    base = {
        "FunctionName": "canary",
        "FunctionArn": FUNCTION,
        "Runtime": "python3.11",
        "Handler": "app.handler",
    }
    return {"config": {**base, "Timeout": 5, **config}, "code_zip": zipped(app=source)}


def create(states: ModuleType, definition: dict[str, Any], name: str = "canary", **more: Any) -> str:
    status, _, body = states._create_state_machine(
        {"name": name, "definition": json.dumps(definition), "roleArn": ROLE, **more}
    )
    assert status == 200
    return str(json.loads(body)["stateMachineArn"])


def finished(states: ModuleType, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while states._executions[arn]["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    execution: dict[str, Any] = states._executions[arn]
    return execution


def start(states: ModuleType, machine: str, name: str = "run") -> str:
    status, _, body = states._start_execution({"stateMachineArn": machine, "name": name, "input": "{}"})
    assert status == 200
    return str(json.loads(body)["executionArn"])


SUCCEED = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
ENGINE = execution_engine.patch(0.0, TaskQueue())


def test_every_patch_finds_its_seam(pool: LambdaPool, code: CodeStore) -> None:
    apply_interpreter_patches()
    patches = server_patches(ServerOptions(), "http://127.0.0.1:1", pool, code)
    with patched(*patches, http_api_body.PATCH, table_expiry.PROVISIONER, table_expiry.REAPER):
        assert all(patch.is_applied for patch in patches)
    assert not any(patch.is_applied for patch in patches)


# MiniStack's own worker leaves its pipes open, which is none of our doing.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_lambda_executor(pool: LambdaPool, code: CodeStore) -> None:
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    func = record("class Named(Exception): pass\ndef handler(event, context): raise Named('x')")
    with patched():
        found = lambda_svc._execute_function_warm(func, {}, "request")
        assert found["body"]["errorType"] == "Runtime.HandlerError"
    lambda_runtime.reset()
    gc.collect()
    with patched(lambda_executor.patch(pool, code)):
        found = lambda_svc._execute_function_warm(func, {}, "request")
        assert found["body"]["errorType"] == "Named"


def test_lambda_requests() -> None:
    from ministack.services import lambda_svc

    def invoke(body: bytes) -> int:
        path = f"/2015-03-31/functions/{FUNCTION}/invocations"
        status, *_ = asyncio.run(lambda_svc.handle_request("POST", path, {}, body, {}))
        return int(status)

    with patched():
        assert invoke(b"{") == 404  # the body was read as an empty object and the function looked for
    with patched(lambda_requests.PATCH):
        assert (invoke(b"{"), invoke(b'"' + b"x" * (6 * 1024 * 1024) + b'"')) == (400, 413)


def test_lambda_log_streams() -> None:
    from ministack.services import cloudwatch_logs, lambda_svc

    def streams(patch: tuple[Patch, ...]) -> int:
        cloudwatch_logs.reset()
        with patched(*patch):
            for _ in range(lambda_log_streams.KEPT_STREAMS + 5):
                lambda_svc._emit_lambda_logs(record(""), "request", "line", False, 1)
        return len(cloudwatch_logs._log_groups["/aws/lambda/canary"]["streams"])

    assert streams(()) == lambda_log_streams.KEPT_STREAMS + 5
    assert streams((lambda_log_streams.PATCH,)) == lambda_log_streams.KEPT_STREAMS
    cloudwatch_logs.reset()


def test_dead_letter_messages() -> None:
    from ministack.services import lambda_svc, sqs

    def message() -> dict[str, Any]:
        sqs.reset()
        sqs._act_create_queue({"QueueName": "dead"}, "")
        arn = "arn:aws:sqs:us-east-1:000000000000:dead"
        lambda_svc._functions["canary"] = record("", DeadLetterConfig={"TargetArn": arn})
        lambda_svc._route_async_failure(arn, "canary", {"n": 1}, {"body": {"errorMessage": "x"}})
        found: dict[str, Any] = json.loads(sqs._queue_by_arn(arn)["messages"][-1]["body"])
        lambda_svc._functions.clear()
        return found

    with patched():
        assert message()["requestPayload"] == {"n": 1}
    with patched(dead_letter_messages.PATCH):
        assert message() == {"n": 1}


def test_execution_engine(states: ModuleType) -> None:
    apply_interpreter_patches()
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Say"}

    def saying(word: str) -> dict[str, Any]:
        return {"StartAt": "W", "States": {"W": wait, "Say": {"Type": "Pass", "Result": word, "End": True}}}

    def output_of_first_version() -> str:
        states.reset()
        machine = create(states, saying("first"))
        states._publish_state_machine_version({"stateMachineArn": machine})
        states._update_state_machine({"stateMachineArn": machine, "definition": json.dumps(saying("second"))})
        return str(finished(states, start(states, f"{machine}:1"))["output"])

    with patched():
        assert output_of_first_version() == '"second"'
    apply_interpreter_patches()
    ENGINE.apply()
    assert output_of_first_version() == '"first"'
    ENGINE.take_off()


def test_execution_engine_of_express_machines(states: ModuleType) -> None:
    """A name can be used again, nobody may ask, and only express machines are waited for."""

    def start_twice() -> list[str]:
        states.reset()
        machine = create(states, SUCCEED, type="EXPRESS")
        data = {"stateMachineArn": machine, "name": "run", "input": "{}"}
        first, second = states._start_execution(data), states._start_execution(data)
        asked = states._describe_execution({"executionArn": json.loads(first[2])["executionArn"]})
        standard = create(states, SUCCEED, "standard")
        waited = [
            states._start_sync_execution({**data, "stateMachineArn": arn}) for arn in (machine, standard)
        ]
        return [str(answer[0]) for answer in (first, second, asked, *waited)]

    apply_interpreter_patches()
    with patched():
        assert start_twice() == ["200", "400", "200", "200", "200"]
    apply_interpreter_patches()
    ENGINE.apply()
    assert start_twice() == ["200", "200", "400", "200", "400"]
    ENGINE.take_off()


def test_definition_checks_of_express_machines(states: ModuleType) -> None:
    waits = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": True}
    waits["Parameters"] = {"FunctionName": FUNCTION, "Payload": {"token.$": "$$.Task.Token"}}
    data = {
        "name": "express",
        "definition": json.dumps({"StartAt": "A", "States": {"A": waits}}),
        "roleArn": ROLE,
        "type": "EXPRESS",
    }
    with patched():
        assert states._create_state_machine(data)[0] == 200
    states.reset()
    apply_interpreter_patches()
    definition_checks.PATCH.apply()
    assert states._create_state_machine(data)[0] == 400
    machine = create(states, SUCCEED, "express", type="EXPRESS")
    assert (
        states._update_state_machine({"stateMachineArn": machine, "definition": data["definition"]})[0] == 400
    )
    assert states._create_state_machine({**data, "name": "standard", "type": "STANDARD"})[0] == 200
    definition_checks.PATCH.take_off()


def test_definition_checks(states: ModuleType) -> None:
    broken = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Absent"}}}
    data = {"name": "broken", "definition": json.dumps(broken), "roleArn": ROLE}
    with patched():
        assert states._create_state_machine(data)[0] == 200
    states.reset()
    with patched(definition_checks.PATCH):
        assert states._create_state_machine(data)[0] == 400


def test_execution_details(states: ModuleType) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:execution:canary:run"

    def described(patch: tuple[Patch, ...]) -> dict[str, Any]:
        states.reset()
        with patched(*patch):
            machine = create(states, SUCCEED)
            start(states, machine)
            finished(states, arn)
            states._executions[arn]["stateMachineVersionArn"] = f"{machine}:1"
            found: dict[str, Any] = json.loads(states._describe_execution({"executionArn": arn})[2])
        return found

    assert "stateMachineVersionArn" not in described(())
    assert described((execution_details.PATCH,))["stateMachineVersionArn"].endswith(":canary:1")


def test_expression_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import dynamodb

    read: list[str] = []
    tokenize, check = dynamodb._tokenize, dynamodb._condition_syntax_error
    monkeypatch.setattr(dynamodb, "_tokenize", lambda text: read.append(text) or tokenize(text))
    monkeypatch.setattr(
        dynamodb, "_condition_syntax_error", lambda text, slot: read.append(text) or check(text, slot)
    )
    walked: list[object] = []

    class Walk(dynamodb._ExprEval):
        def evaluate(self) -> Any:
            walked.append(self.item)
            return super().evaluate()

    monkeypatch.setattr(dynamodb, "_ExprEval", Walk)
    condition, values = "pk = :pk AND begins_with(sk, :sk)", {":pk": {"S": "p"}, ":sk": {"S": "ITEM#"}}

    def found_and_read() -> tuple[list[bool], int, int]:
        read.clear()
        walked.clear()
        items = [{"pk": {"S": "p"}, "sk": {"S": f"{kind}#1"}} for kind in ("ITEM", "NODE", "ITEM")]
        found = [dynamodb._evaluate_condition(condition, item, values, {}) for item in items]
        return found, len(read), len(walked)

    with patched():
        assert found_and_read() == ([True, False, True], 6, 3)
    with patched(expression_checks.PATCH):
        assert found_and_read() == ([True, False, True], 2, 1)
        for item in ({"pk": {"S": "q"}, "sk": {"S": "ITEM#1"}}, {"pk": {"S": "p"}}):
            assert dynamodb._evaluate_condition(condition, item, values, {}) is False
        with pytest.raises(ValueError, match="operand type"):
            dynamodb._evaluate_condition(condition, {"pk": {"S": "p"}, "sk": {"N": "1"}}, values, {})
        for _ in range(2):
            with pytest.raises(ValueError, match="redundant"):
                dynamodb._evaluate_condition("((pk = :pk))", {}, values, {})


def test_machine_versions(states: ModuleType) -> None:
    def start_a_deleted_version() -> str:
        machine = create(states, SUCCEED)
        version = json.loads(states._publish_state_machine_version({"stateMachineArn": machine})[2])
        states._delete_state_machine({"stateMachineArn": machine})
        answer = states._start_execution({"stateMachineArn": version["stateMachineVersionArn"]})
        return str(json.loads(answer[2])["__type"])

    with pytest.raises(KeyError):
        start_a_deleted_version()
    states.reset()
    with patched(machine_versions.PATCH):
        assert start_a_deleted_version() == "StateMachineDoesNotExist"


def test_status_events(states: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import eventbridge

    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(
        eventbridge, "_put_events", lambda data, **_: sent.append(json.loads(data["Entries"][0]["Detail"]))
    )
    execution = {
        "executionArn": "arn:aws:states:us-east-1:000000000000:execution:canary:run",
        "stateMachineArn": "arn",
        "name": "run",
        "status": "ABORTED",
        "error": "Cancelled",
        "stateMachineVersionArn": "arn:1",
    }
    with patched():
        states._emit_execution_status_event(execution)
    with patched(status_events.PATCH):
        states._emit_execution_status_event(execution)
    shown = [(detail["error"], detail["stateMachineVersionArn"]) for detail in sent]
    assert shown == [(None, None), ("Cancelled", "arn:1")]


def test_interrupted_executions(states: ModuleType) -> None:
    def restored(patch: tuple[Patch, ...]) -> str:
        states.reset()
        create(states, SUCCEED)
        states._executions["arn:aws:states:us-east-1:000000000000:execution:canary:run"] = {
            "status": "RUNNING",
            "executionArn": "arn:aws:states:us-east-1:000000000000:execution:canary:run",
        }
        saved = states.get_state()
        states.reset()
        with patched(*patch):
            states._restore_state(saved)
        return str(next(iter(states._executions.all_values()))["status"])

    assert restored(()) == "FAILED"
    assert restored((interrupted_executions.PATCH,)) == "ABORTED"
    from infra.local.aws import interrupted

    assert len(interrupted._interrupted) == 1
    interrupted._interrupted.clear()


def test_service_clients() -> None:
    from moto.stepfunctions.parser.asl.utils import boto_client

    def endpoint() -> str:
        from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

        made = lambda_eval_utils.boto_client_for(region="us-east-1", service="lambda")
        address = str(made.meta.endpoint_url)
        made.close()
        return address

    with patched():
        assert endpoint() == "http://localhost:5000"
    with patched(service_clients.patch("http://127.0.0.1:4566")):
        assert endpoint() == "http://127.0.0.1:4566"
    assert boto_client.boto_client_for.__module__ == boto_client.__name__


def test_schedule_rate() -> None:
    from ministack.services import eventbridge, scheduler

    with patched():
        seen = eventbridge._parse_rate_seconds("rate(1 minute)"), scheduler._SCHEDULE_TICK_INTERVAL
        assert seen == (60, 10)
    with patched(schedule_rate.patch(0.1)):
        seen = eventbridge._parse_rate_seconds("rate(1 minute)"), scheduler._SCHEDULE_TICK_INTERVAL
        assert seen == (6, 1)


BODY = {
    "openapi": "3.0.1",
    "info": {"title": "from-sam"},
    "paths": {
        "/{proxy+}": {
            "x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": FUNCTION}
            }
        }
    },
}


TABLE = {
    "TableName": "canary",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
    "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
}
REAPER_THREAD = "dynamodb-ttl-reaper"


def test_table_expiry() -> None:
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    def put(patches: tuple[Patch, ...]) -> dict[str, Any] | None:
        with patched(*patches):
            provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]["create"]("Table", TABLE, "stack")
            for name, at in (("gone", "1"), ("kept", "9999999999")):
                item = {"id": {"S": name}, "expires_at": {"N": at}}
                dynamodb._put_item({"TableName": "canary", "Item": item})
            setting: dict[str, Any] | None = dynamodb._ttl_settings.get("canary")
            # As its own reaper would, which looks once a minute.
            table = dynamodb._tables["canary"]
            key = ("gone", next(iter(table["items"]["gone"])))
            reaper = threading.Thread(target=lambda: dynamodb._remove_item(table, *key), name=REAPER_THREAD)
            reaper.start()
            reaper.join()
        return setting

    dynamodb.reset()
    assert put(()) is None
    assert set(dynamodb._tables["canary"]["items"]) == {"kept"}
    assert [record["eventName"] for record in dynamodb._stream_records["canary"]] == ["INSERT", "INSERT"]
    dynamodb.reset()
    wanted = {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert put((table_expiry.PROVISIONER, table_expiry.REAPER)) == wanted
    remove_expired(dynamodb, time.time())
    assert set(dynamodb._tables["canary"]["items"]) == {"kept"}
    removed = dynamodb._stream_records["canary"][-1]
    assert (removed["eventName"], removed["dynamodb"]["Keys"]) == ("REMOVE", {"id": {"S": "gone"}})
    assert removed["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"
    dynamodb.reset()


def test_http_api_body() -> None:
    from ministack.services import apigateway
    from ministack.services.cloudformation import provisioners

    def routes() -> list[str]:
        handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
        api_id, _ = handlers["create"]("Http", {"Body": BODY}, "stack")
        found = [route["routeKey"] for route in apigateway._routes[api_id].values()]
        apigateway.reset()
        return found

    with patched():
        assert routes() == []
    with patched(http_api_body.PATCH):
        assert routes() == ["ANY /{proxy+}"]


def test_event_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import eventbridge, lambda_svc

    called: list[str] = []

    def fail(function: dict[str, Any], event: Any, *more: Any) -> dict[str, Any]:
        called.append(event["id"])
        return {"error": True, "body": {"errorMessage": "no"}}

    def calls() -> int:
        called.clear()
        lambda_svc._functions["canary"] = record("") | {"event_invoke_config": {"MaximumRetryAttempts": 2}}
        eventbridge._dispatch_to_lambda(FUNCTION, '{"id": "e"}')
        time.sleep(0.5)
        return len(called)

    monkeypatch.setattr(lambda_svc, "_execute_function", fail)
    monkeypatch.setattr(lambda_svc, "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", 0.01)
    try:
        with patched():
            assert calls() == 1
        with patched(event_delivery.PATCH):
            assert calls() == 3
    finally:
        lambda_svc._functions.clear()


def test_schedule_times(monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack.services import eventbridge, scheduler

    sent: list[str] = []
    monkeypatch.setattr(eventbridge, "_invoke_target", lambda target, *more: sent.append(target["Input"]))

    def ticks() -> list[str]:
        """What is sent at 09:00 and at 10:00 in Berlin, where 09:00 was asked for; in UTC that is 07:00."""
        scheduler.reset()
        scheduler._schedule_last_fired.clear()
        sent.clear()
        target = {"Arn": FUNCTION, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"}
        asked = {"ScheduleExpression": "cron(0 9 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin"}
        scheduler._create_schedule("s", {**asked, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target})
        for clock in ("06:59", "07:00", "08:00"):
            at = datetime.fromisoformat(f"2026-07-01T{clock}:30+00:00").timestamp()
            monkeypatch.setattr(time, "time", lambda at=at: at)
            scheduler._tick_schedules()
        return list(sent)

    try:
        with patched():
            assert ticks() == []
        with patched(schedule_times.PATCH):
            assert ticks() == ["2026-07-01T07:00:00Z"]
    finally:
        scheduler.reset()
        scheduler._schedule_last_fired.clear()


@pytest.fixture
def routed(pool: LambdaPool, code: CodeStore) -> Iterator[Callable[..., Any]]:
    """``routed(source, method, *patches)`` calls an HTTP API whose one route leads to such a function."""
    from ministack.services import apigateway, lambda_svc
    from ministack.services.cloudformation import provisioners

    def call(source: str, method: str, *patches: Patch) -> tuple[int, bytes]:
        lambda_svc._functions["canary"] = record(source)
        body = json.loads(json.dumps(BODY).replace("/{proxy+}", "/$default"))
        with patched(lambda_executor.patch(pool, code), http_api_body.PATCH, *patches):
            create_api = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]["create"]
            api_id, _ = create_api("Http", {"Body": body}, "stack")
            handled = apigateway.handle_execute(
                api_id, "$default", "/a", method, {"cookie": "a=1; b=2"}, b"", {}, raw_query_string=""
            )
            status, _, answer = asyncio.run(handled)
        return status, answer

    yield call
    apigateway.reset()
    lambda_svc._functions.clear()


ECHO = "def handler(event, context): return event.get('cookies')"


def test_http_api_proxy(routed: Callable[..., Any]) -> None:
    assert routed(ECHO, "GET")[1] in (b"null", b"")
    assert routed(ECHO, "GET", http_api_proxy.PATCH)[1] == b'["a=1", "b=2"]'
    broken = "def handler(event, context): raise ValueError('secret')"
    assert b"secret" in routed(broken, "GET")[1]
    assert routed(broken, "GET", http_api_proxy.PATCH) == (500, b'{"message": "Internal Server Error"}')


def test_http_api_preflight(routed: Callable[..., Any]) -> None:
    source = "def handler(event, context): return event['requestContext']['http']['method']"
    assert b"CORS" in routed(source, "OPTIONS", http_api_proxy.PATCH)[1]
    assert routed(source, "OPTIONS", http_api_proxy.PATCH, http_api_preflight.PATCH)[1] == b"OPTIONS"


def test_loading_applies_a_patch_with_the_service() -> None:
    from ministack import app

    applied = threading.Event()
    waiting = Patch("canary.waiting", lambda: iter(()))
    waiting.apply = applied.set  # type: ignore[method-assign] - only the call is of interest
    with patched(loading.patch({"sqs": (waiting,)})):
        app._get_module("sns")
        assert not applied.is_set()
        app._get_module("sqs")
        assert applied.is_set()
