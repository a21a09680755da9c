from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from engine.adapters.aws_clients import MAX_ATTEMPTS, AwsClients
from engine.adapters.aws_errors import translated
from engine.errors import UnavailableError
from tests.unit.adapters.scripted_service import ScriptedService


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def signed_link(clients: AwsClients) -> str:
    request = {"Bucket": "artifacts", "Key": "a b"}
    parts = urlsplit(clients.s3.generate_presigned_url("get_object", Params=request))
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def test_a_client_is_made_once_however_many_ask() -> None:
    clients = AwsClients("us-east-1")
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: clients.dynamodb, range(8)))
    assert {id(client) for client in made} == {id(clients.dynamodb)}


SERVICES = {
    "bedrock": "bedrock-runtime",
    "dynamodb": "dynamodb",
    "events": "events",
    "s3": "s3",
    "scheduler": "scheduler",
    "secrets_manager": "secretsmanager",
    "step_functions": "stepfunctions",
    "step_functions_sync": "stepfunctions",
}


def test_each_service_has_its_client() -> None:
    clients = AwsClients("eu-central-1")
    assert {name for name, value in vars(AwsClients).items() if isinstance(value, property)} == set(SERVICES)
    made = {name: getattr(clients, name) for name in SERVICES}
    assert {name: client.meta.service_model.service_name for name, client in made.items()} == SERVICES
    assert {client.meta.region_name for client in made.values()} == {"eu-central-1"}


def test_what_few_requests_need_is_made_at_its_first_call() -> None:
    clients = AwsClients("us-east-1")
    unused = [clients.s3, clients.step_functions, clients.events, clients.scheduler]
    assert clients._made == {}
    assert [client.meta.region_name for client in unused] == ["us-east-1"] * 4
    assert clients._made.keys() == {"s3", "stepfunctions", "events", "scheduler"}


def test_the_endpoint_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    clients = AwsClients("us-east-1")
    assert clients.dynamodb.meta.endpoint_url == "http://localhost:4566"
    assert signed_link(clients) == "http://localhost:4566/artifacts/a%20b"


def test_on_aws_the_bucket_stands_in_the_host_name() -> None:
    assert signed_link(AwsClients("eu-west-1")) == "https://artifacts.s3.eu-west-1.amazonaws.com/a%20b"


def test_each_throttle_is_told_also_one_that_a_retry_hid(service: ScriptedService) -> None:
    told: list[str] = []
    clients = AwsClients("us-east-1", service.url, on_throttle=lambda: told.append("throttled"))
    service.answers = [
        service.refuse("ThrottlingException"),
        (200, {"TableNames": []}),
        service.refuse("ResourceNotFoundException"),
    ]
    clients.dynamodb.list_tables()
    with pytest.raises(ClientError):
        clients.dynamodb.list_tables()
    assert told == ["throttled"]


def test_the_sdk_tries_a_few_times(service: ScriptedService) -> None:
    service.answers = [service.refuse("ThrottlingException")]
    with pytest.raises(UnavailableError), translated("cannot list tables"):
        AwsClients("us-east-1", service.url).dynamodb.list_tables()
    assert service.operations() == ["ListTables"] * MAX_ATTEMPTS
