from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoLatchStore
from engine.adapters.memory import ManualClock, MemoryLatchStore
from tests.contract.latch_store_contract import LatchStoreContract


class TestInMemory(LatchStoreContract):
    @pytest.fixture
    def store(self) -> MemoryLatchStore:
        return MemoryLatchStore()


class TestInDynamoDB(LatchStoreContract):
    rounds = 100

    @pytest.fixture
    def store(
        self, aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
    ) -> DynamoLatchStore:
        return DynamoLatchStore(aws.dynamodb, make_table("ExecutionsTable"), clock)
