"""Credentials: names and kinds in the access table (``CREDENTIAL`` / name), values in Secrets Manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import Item, text
from engine.adapters.dynamodb.credential_secret import CredentialSecrets
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.errors import NotFoundError
from engine.ports import Clock, CredentialInfo, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

_PARTITION = text("CREDENTIAL")


class DynamoCredentialStore:
    """Keeps CredentialStore's promises; ``prefix`` starts the names of the secrets."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        secrets_client: SecretsManagerClient,
        prefix: str,
        clock: Clock,
    ) -> None:
        self._table = Table(client, table, clock)
        self._secrets = CredentialSecrets(secrets_client, prefix, clock)

    def put(self, info: CredentialInfo, values: Mapping[str, str]) -> None:
        """Create or replace: first the values, so that what is listed can be used."""
        self._secrets.write(info.name, info.kind, values)
        self._table.put({**_key(info.name), "record": text(dump_record(info))})

    def info(self, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError."""
        item = self._table.get(_key(name))
        if item is None:
            raise NotFoundError("credential", name)
        return _info_from(item)

    def values(self, name: str) -> tuple[str, Mapping[str, str]]:
        """(kind, values by part); NotFoundError."""
        return self._secrets.read(name)

    def list_infos(self, limit: int, cursor: str | None = None) -> Page[CredentialInfo]:
        """By name."""
        check_limit(limit)
        position = decode_cursor("credentials", cursor, parts=1)
        request: dict[str, Any] = {"ExclusiveStartKey": _key(position[0])} if position else {}
        items, cut = self._table.query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _PARTITION},
            ConsistentRead=True,
            Limit=limit + 1,
            **request,
        )
        found = tuple(_info_from(item) for item in items[:limit])
        # The query gave more than the page holds, or was cut short at 1 MB.
        more = bool(found) and (len(items) > limit or cut is not None)
        return Page(found, encode_cursor("credentials", [found[-1].name]) if more else None)

    def delete(self, name: str) -> None:
        """First the name, then the values; NotFoundError."""
        try:
            self._table.delete(_key(name), "attribute_exists(pk)")
        except ConditionFailedError as failed:
            raise NotFoundError("credential", name) from failed
        self._secrets.delete(name)


def _key(name: str) -> Item:
    return {"pk": _PARTITION, "sk": text(name)}


def _info_from(item: Item) -> CredentialInfo:
    return load_record(CredentialInfo, item["record"]["S"])
