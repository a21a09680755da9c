from __future__ import annotations

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoWorkflowStore
from engine.adapters.secrets import SecretsManagerStore
from engine.adapters.system_clock import SystemClock
from engine.errors import NotFoundError
from infra.cli.bench.empty_aws import KEY, empty_aws


def test_it_holds_the_key_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "bench")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "bench")
    with empty_aws() as address:
        clients = AwsClients("us-east-1", address)
        assert SecretsManagerStore(clients.secrets_manager).read("any") == KEY
        store = DynamoWorkflowStore(clients.dynamodb, "workflows", SystemClock())
        assert store.list_heads(10, None, None).items == ()
        with pytest.raises(NotFoundError):
            store.get_head("any")
