from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoWorkflowStore
from engine.adapters.memory import ManualClock, MemoryWorkflowStore
from tests.contract.workflow_store_contract import WorkflowStoreContract


class TestInMemory(WorkflowStoreContract):
    @pytest.fixture
    def store(self, clock: ManualClock) -> MemoryWorkflowStore:
        return MemoryWorkflowStore(clock)


class TestInDynamoDB(WorkflowStoreContract):
    @pytest.fixture
    def store(
        self, aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
    ) -> DynamoWorkflowStore:
        return DynamoWorkflowStore(aws.dynamodb, make_table("WorkflowsTable"), clock)
