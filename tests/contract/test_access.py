from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.access.audit import AuditFilter
from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoApiKeyStore, DynamoAuditStore, DynamoLimitStore
from engine.adapters.memory import ManualClock, MemoryApiKeyStore, MemoryAuditStore, MemoryLimitStore
from tests.contract.access_contract import (
    ApiKeyStoreContract,
    AuditStoreContract,
    LimitStoreContract,
    key_of,
    record_of,
)


@pytest.fixture
def table(make_table: Callable[[str], str]) -> str:
    return make_table("AccessTable")


class TestApiKeysInMemory(ApiKeyStoreContract):
    @pytest.fixture
    def store(self) -> MemoryApiKeyStore:
        return MemoryApiKeyStore()


class TestApiKeysInDynamoDB(ApiKeyStoreContract):
    @pytest.fixture
    def store(self, aws: AwsClients, table: str, clock: ManualClock) -> DynamoApiKeyStore:
        return DynamoApiKeyStore(aws.dynamodb, table, clock)

    def test_keys_lie_in_partitions_of_their_own(
        self, store: DynamoApiKeyStore, aws: AwsClients, table: str
    ) -> None:
        for number in range(3):
            store.create(key_of(f"K{number}"))
        items = aws.dynamodb.scan(TableName=table)["Items"]
        assert {i["pk"]["S"] for i in items if "record" in i} == {"KEY#K0", "KEY#K1", "KEY#K2"}


class TestLimitsInMemory(LimitStoreContract):
    @pytest.fixture
    def store(self) -> MemoryLimitStore:
        return MemoryLimitStore()


class TestLimitsInDynamoDB(LimitStoreContract):
    @pytest.fixture
    def store(self, aws: AwsClients, table: str, clock: ManualClock) -> DynamoLimitStore:
        return DynamoLimitStore(aws.dynamodb, table, clock)

    def test_places_go_a_year_after_the_last_was_taken_and_none_is_made_by_giving_back(
        self, store: DynamoLimitStore, aws: AwsClients, table: str, clock: ManualClock
    ) -> None:
        store.release("key:2", "ex_1")
        assert store.hold("key:1", "ex_1", 1) is None
        (item,) = aws.dynamodb.scan(TableName=table)["Items"]
        kept = int(item["expires_at_epoch_seconds"]["N"]) - clock.now().timestamp()
        assert 365 * 86_400 < kept < 400 * 86_400


class TestAuditInMemory(AuditStoreContract):
    @pytest.fixture
    def store(self) -> MemoryAuditStore:
        return MemoryAuditStore()


class TestAuditInDynamoDB(AuditStoreContract):
    @pytest.fixture
    def store(self, aws: AwsClients, table: str, clock: ManualClock) -> DynamoAuditStore:
        return DynamoAuditStore(aws.dynamodb, table, clock)

    def test_an_expired_record_is_gone_before_the_table_deletes_it(
        self, store: DynamoAuditStore, clock: ManualClock
    ) -> None:
        store.append(record_of(1))
        clock.advance(401 * 86_400)
        assert store.list_records(AuditFilter(), 10).items == ()
