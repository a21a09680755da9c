from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoExecutionStore
from engine.adapters.memory import ManualClock, MemoryExecutionStore
from tests.contract.execution_links_contract import ExecutionLinksContract
from tests.contract.execution_removal_contract import ExecutionRemovalContract
from tests.contract.execution_store_contract import ExecutionStoreContract
from tests.contract.node_run_contract import NodeRunContract


class TestInMemory(ExecutionStoreContract, NodeRunContract, ExecutionLinksContract, ExecutionRemovalContract):
    @pytest.fixture
    def store(self, clock: ManualClock) -> MemoryExecutionStore:
        return MemoryExecutionStore(clock)


class TestInDynamoDB(
    ExecutionStoreContract, NodeRunContract, ExecutionLinksContract, ExecutionRemovalContract
):
    @pytest.fixture
    def store(
        self, aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
    ) -> DynamoExecutionStore:
        return DynamoExecutionStore(aws.dynamodb, make_table("ExecutionsTable"), clock)
