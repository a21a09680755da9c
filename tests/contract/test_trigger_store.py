from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoWorkflowStore
from engine.adapters.dynamodb.trigger_store import DynamoTriggerStore
from engine.adapters.memory import ManualClock, MemoryTriggerStore
from engine.errors import NotFoundError
from engine.trigger_port import TriggerStore
from tests.contract.trigger_store_contract import TriggerStoreContract, trigger_of


class TestInMemory(TriggerStoreContract):
    @pytest.fixture
    def store(self, clock: ManualClock) -> TriggerStore:
        return MemoryTriggerStore(clock)


class TestInDynamoDB(TriggerStoreContract):
    @pytest.fixture
    def table(self, make_table: Callable[[str], str]) -> str:
        return make_table("WorkflowsTable")

    @pytest.fixture
    def store(self, aws: AwsClients, table: str, clock: ManualClock) -> TriggerStore:
        return DynamoTriggerStore(aws.dynamodb, table, clock)

    def test_triggers_and_workflows_share_a_table_and_do_not_meet(
        self, store: TriggerStore, aws: AwsClients, table: str, clock: ManualClock
    ) -> None:
        store.add(trigger_of("tr_1"))
        workflows = DynamoWorkflowStore(aws.dynamodb, table, clock)
        assert workflows.list_versions("wf_1", 10).items == ()
        assert workflows.list_heads(10).items == ()
        with pytest.raises(NotFoundError):
            workflows.get_head("WEBHOOK#orders/new")
