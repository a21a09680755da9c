"""What every TallyStore promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoTallyStore
from engine.adapters.memory import ManualClock, MemoryTallyStore
from engine.tally_port import TallyStore
from tests.contract.samples import at_once


class TallyStoreContract:
    def test_what_was_never_added_is_nothing(self, store: TallyStore) -> None:
        assert store.read() == {}
        store.add({})
        assert store.read() == {}

    def test_amounts_add_up_by_series(self, store: TallyStore) -> None:
        store.add({"executions|succeeded|manual": 1, "tokens|input": 10**12})
        store.add({"executions|succeeded|manual": 2, "a.b:c #d": 3})
        assert store.read() == {
            "a.b:c #d": 3,
            "executions|succeeded|manual": 3,
            "tokens|input": 10**12,
        }

    def test_none_is_lost_of_many_at_once(self, store: TallyStore) -> None:
        at_once(24, lambda number: store.add({"all": 1, f"of {number % 2}": number}))
        assert store.read() == {"all": 24, "of 0": 132, "of 1": 144}


class TestInMemory(TallyStoreContract):
    @pytest.fixture
    def store(self) -> MemoryTallyStore:
        return MemoryTallyStore()


class TestInDynamoDB(TallyStoreContract):
    @pytest.fixture
    def store(
        self, aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
    ) -> DynamoTallyStore:
        return DynamoTallyStore(aws.dynamodb, make_table("ExecutionsTable"), clock)
