"""What survives a stop and a crash of the local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import LocalAws
from tests.unit.local_aws.conftest import ROLE, make_client, wait_for, zipped

MACHINE = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100_000, "End": True}}})


class Services:
    def __init__(self, endpoint: str) -> None:
        self._clients: dict[str, Any] = {}
        self._endpoint = endpoint

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = make_client(self._endpoint, service.rstrip("_"))
        return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def fill(services: Services) -> str:
    """Put something into every service; return the ARN of an execution that runs."""
    services.dynamodb.create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    services.dynamodb.put_item(TableName="kept", Item={"pk": {"S": "a"}, "b": {"B": b"\x00"}})
    services.s3.create_bucket(Bucket="kept")
    services.s3.put_object(Bucket="kept", Key="a/b", Body=b"\x00\x01")
    services.secretsmanager.create_secret(Name="kept", SecretString="value")
    services.lambda_.create_function(
        FunctionName="kept",
        Runtime="python3.11",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": zipped(app="def handler(event, context): return 'kept'")},
    )
    url = services.sqs.create_queue(QueueName="ended")["QueueUrl"]
    queue = services.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    pattern = {"source": ["aws.states"], "detail": {"status": ["ABORTED"]}}
    services.events.put_rule(Name="ended", EventPattern=json.dumps(pattern))
    services.events.put_targets(Rule="ended", Targets=[{"Id": "q", "Arn": queue}])
    services.apigatewayv2.create_api(Name="kept", ProtocolType="HTTP")
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "kept"}}}}
    services.cloudformation.create_stack(StackName="kept", TemplateBody=json.dumps(body))
    states = services.stepfunctions
    machine = states.create_state_machine(name="kept", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, name="interrupted")["executionArn"]
    return str(arn)


def check(services: Services, execution: str) -> None:
    item = services.dynamodb.get_item(TableName="kept", Key={"pk": {"S": "a"}})["Item"]
    assert item == {"pk": {"S": "a"}, "b": {"B": b"\x00"}}
    assert services.s3.get_object(Bucket="kept", Key="a/b")["Body"].read() == b"\x00\x01"
    assert services.secretsmanager.get_secret_value(SecretId="kept")["SecretString"] == "value"
    assert services.lambda_.invoke(FunctionName="kept")["Payload"].read() == b'"kept"'
    assert [api["Name"] for api in services.apigatewayv2.get_apis()["Items"]] == ["kept"]
    stack = services.cloudformation.describe_stacks(StackName="kept")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    ended = services.stepfunctions.describe_execution(executionArn=execution)
    assert (ended["status"], ended["cause"]) == (
        "ABORTED",
        "The local AWS stopped while this execution was running",
    )
    url = services.sqs.get_queue_url(QueueName="ended")["QueueUrl"]
    message = wait_for(lambda: services.sqs.receive_message(QueueUrl=url).get("Messages"))[0]
    assert json.loads(message["Body"])["detail"]["executionArn"] == execution


def is_saved(folder: Path) -> bool:
    """Whether the files of all services hold what was put into them."""
    named = {"stepfunctions": "interrupted", "eventbridge": "ended", "sqs": "ended"}
    kept = ("dynamodb", "secretsmanager", "lambda", "apigateway", "cloudformation")
    wanted = named | dict.fromkeys(kept, "kept")
    texts = {file.stem: file.read_text() for file in folder.rglob("*.json") if file.stem in wanted}
    return all(name in texts.get(service, "") for service, name in wanted.items())


@pytest.fixture
def connect() -> Iterator[Any]:
    made: list[Services] = []

    def services(server: LocalAws) -> Services:
        made.append(Services(server.endpoint))
        return made[-1]

    yield services
    for one in made:
        one.close()


def test_a_stop_keeps_everything_and_ends_what_was_running(tmp_path: Path, connect: Any) -> None:
    with LocalAws(state_dir=tmp_path) as server:
        execution = fill(connect(server))
    with LocalAws(state_dir=tmp_path) as server:
        check(connect(server), execution)


SLOW_IMPORTS = """
import importlib.abc, sys, time
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ("ministack.services.sqs", "ministack.services.secretsmanager"):
            time.sleep(4)
sys.meta_path.insert(0, Slow())
"""


def test_a_slow_start_says_ready_when_all_is_restored_and_loses_nothing(
    tmp_path: Path, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalAws(state_dir=tmp_path / "state") as server:
        execution = fill(connect(server))
    (tmp_path / "sitecustomize.py").write_text(SLOW_IMPORTS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with LocalAws(state_dir=tmp_path / "state") as server:
        check(connect(server), execution)


def test_a_crash_loses_a_few_seconds_at_most(tmp_path: Path, connect: Any) -> None:
    with LocalAws(state_dir=tmp_path) as server:
        execution = fill(connect(server))
        wait_for(lambda: is_saved(tmp_path), 60)  # some two seconds where no other test has the cores
        server.kill()
    with LocalAws(state_dir=tmp_path) as server:
        check(connect(server), execution)


def test_without_a_folder_nothing_is_kept(connect: Any) -> None:
    with LocalAws() as server:
        connect(server).secretsmanager.create_secret(Name="gone", SecretString="value")
    with LocalAws() as server:
        assert connect(server).secretsmanager.list_secrets()["SecretList"] == []
