"""One local AWS for the adapters that stand on AWS; every test gets tables and a bucket of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.memory import ManualClock
from infra.local.aws.local_aws import LocalAws
from tests.contract.tables import table_request

# Far ahead of any real clock, so that no service expires by its own time what a test means to keep.
START = datetime(2035, 3, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsClients]:
    with pytest.MonkeyPatch.context() as patch, LocalAws(api_port=None) as running:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield AwsClients("us-east-1", running.endpoint)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def make_table(aws: AwsClients, numbers: Iterator[int]) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(logical_id: str) -> str:
        name = f"{logical_id}-{next(numbers)}"
        aws.dynamodb.create_table(**table_request(logical_id, name))
        made.append(name)
        return name

    yield make
    for name in made:
        aws.dynamodb.delete_table(TableName=name)


@pytest.fixture
def bucket(aws: AwsClients, numbers: Iterator[int]) -> str:
    name = f"artifacts-{next(numbers)}"
    aws.s3.create_bucket(Bucket=name)
    return name
