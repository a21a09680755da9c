from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.dynamodb import DynamoCredentialStore
from engine.adapters.memory import ManualClock, MemoryCredentialStore, MemorySecretStore
from engine.adapters.secrets import SecretsManagerStore
from engine.errors import NotFoundError
from engine.ports import CredentialStore, SecretStore
from tests.contract.credential_store_contract import INFO, VALUES, CredentialStoreContract


class TestInMemory(CredentialStoreContract):
    @pytest.fixture
    def store(self) -> MemoryCredentialStore:
        return MemoryCredentialStore()


class TestInDynamoDBAndSecretsManager(CredentialStoreContract):
    @pytest.fixture
    def prefix(self, numbers: Iterator[int]) -> str:
        return f"mini-n8n/test-{next(numbers)}"

    @pytest.fixture
    def table(self, make_table: Callable[[str], str]) -> str:
        return make_table("AccessTable")

    @pytest.fixture
    def store(self, aws: AwsClients, table: str, prefix: str, clock: ManualClock) -> CredentialStore:
        return DynamoCredentialStore(aws.dynamodb, table, aws.secrets_manager, prefix, clock)

    def test_no_value_is_in_the_table(self, store: CredentialStore, aws: AwsClients, table: str) -> None:
        store.put(INFO, {"username": "ann-7261", "password": "hunter-9938"})
        items = str(aws.dynamodb.scan(TableName=table)["Items"])
        assert "shop" in items
        assert "7261" not in items
        assert "9938" not in items

    def test_a_secret_that_someone_marked_for_deletion_is_used_again(
        self, store: CredentialStore, aws: AwsClients, prefix: str
    ) -> None:
        store.put(INFO, VALUES)
        aws.secrets_manager.delete_secret(SecretId=f"{prefix}/credentials/shop", RecoveryWindowInDays=7)
        with pytest.raises(NotFoundError):
            store.values("shop")
        store.put(INFO, {"username": "bob"})
        assert store.values("shop") == ("basic", {"username": "bob"})


class SecretStoreContract:
    """A fixture ``store`` that has the secret ``mini-n8n/test/key`` with the text ``open sesame``."""

    def test_a_secret_is_read_by_its_name(self, store: SecretStore) -> None:
        assert store.read("mini-n8n/test/key") == "open sesame"

    def test_a_secret_that_does_not_exist_is_not_found(self, store: SecretStore) -> None:
        with pytest.raises(NotFoundError) as error:
            store.read("mini-n8n/test/other")
        assert (error.value.kind, error.value.name) == ("secret", "mini-n8n/test/other")


class TestSecretsInMemory(SecretStoreContract):
    @pytest.fixture
    def store(self) -> SecretStore:
        return MemorySecretStore({"mini-n8n/test/key": "open sesame"})


class TestSecretsManager(SecretStoreContract):
    @pytest.fixture
    def store(self, aws: AwsClients) -> Iterator[SecretStore]:
        aws.secrets_manager.create_secret(Name="mini-n8n/test/key", SecretString="open sesame")
        yield SecretsManagerStore(aws.secrets_manager)
        aws.secrets_manager.delete_secret(SecretId="mini-n8n/test/key", ForceDeleteWithoutRecovery=True)

    def test_a_secret_of_bytes_is_text(self, aws: AwsClients, store: SecretStore) -> None:
        aws.secrets_manager.create_secret(Name="mini-n8n/test/bytes", SecretBinary="öffne".encode())
        assert store.read("mini-n8n/test/bytes") == "öffne"
