from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoDurationStore, DynamoWorkflowStore
from engine.adapters.memory import ManualClock, MemoryDurationStore
from engine.errors import NotFoundError
from tests.contract.duration_store_contract import KNOWN, DurationStoreContract
from tests.contract.samples import head_of, version_of


class TestInMemory(DurationStoreContract):
    @pytest.fixture
    def store(self) -> MemoryDurationStore:
        return MemoryDurationStore()


class TestInDynamoDB(DurationStoreContract):
    @pytest.fixture
    def store(
        self, aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
    ) -> DynamoDurationStore:
        return DynamoDurationStore(aws.dynamodb, make_table("WorkflowsTable"), clock)


def test_durations_stand_beside_a_workflow_and_in_nobodys_way(
    aws: AwsClients, make_table: Callable[[str], str], clock: ManualClock
) -> None:
    table = make_table("WorkflowsTable")
    workflows = DynamoWorkflowStore(aws.dynamodb, table, clock)
    workflows.commit(head_of("wf_1"), version_of("wf_1"), None)
    assert DynamoDurationStore(aws.dynamodb, table, clock).put("wf_1", KNOWN)
    assert [found.version for found in workflows.list_versions("wf_1", 10).items] == [1]
    assert [head.workflow_id for head in workflows.list_heads(10).items] == ["wf_1"]
    workflows.delete("wf_1", None, clock.now() + timedelta(days=1))
    with pytest.raises(NotFoundError):
        workflows.get_head("wf_1")
