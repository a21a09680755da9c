from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoCacheStore
from engine.adapters.memory import ManualClock, MemoryCacheStore
from tests.contract.cache_store_contract import CacheStoreContract


class TestInMemory(CacheStoreContract):
    @pytest.fixture
    def store(self) -> MemoryCacheStore:
        return MemoryCacheStore()


class TestInDynamoDB(CacheStoreContract):
    @pytest.fixture
    def store(
        self, aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
    ) -> DynamoCacheStore:
        return DynamoCacheStore(aws.dynamodb, make_table("CacheTable"), clock)
