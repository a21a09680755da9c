"""Credentials: names and kinds in the access table (``CREDENTIAL`` / name), values in Secrets Manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from engine.access.audience import Audience, Ownership
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import Item, text
from engine.adapters.dynamodb.credential_secret import CredentialSecrets
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError, NotFoundError
from engine.ports import Clock, CredentialInfo, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

# What stands for no owner: no user is named so.
NOBODY = "-"
# Names that one query reads at least: 25 KB.
MIN_QUERIED = 100
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
        """Create or replace; ConflictError when another owner has the name.

        First the name, so that nobody's values come to lie under a name that has become another's.
        """
        free = "attribute_not_exists(pk) OR #owner = :owner"
        try:
            self._table.put(
                _item(info),
                free,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": text(info.ownership.owner or NOBODY)},
            )
        except ConditionFailedError as failed:
            raise ConflictError(
                f"The credential '{info.name}' belongs to someone else; name yours otherwise."
            ) from failed
        self._secrets.write(info.name, info.kind, values)

    def info(self, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError."""
        item = self._table.get(_key(name))
        if item is None:
            raise NotFoundError("credential", name)
        return _info_from(item)

    def values(self, name: str) -> tuple[str, Mapping[str, str]]:
        """(kind, values by part); NotFoundError."""
        return self._secrets.read(name)

    def list_infos(
        self, limit: int, cursor: str | None = None, audience: Audience | None = None
    ) -> Page[CredentialInfo]:
        """Those that the audience sees, by name."""
        check_limit(limit)
        position = decode_cursor("credentials", cursor, parts=1)
        request: dict[str, Any] = {"ExclusiveStartKey": _key(position[0])} if position else {}
        items = self._table.query_all(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _PARTITION},
            ConsistentRead=True,
            Limit=max(limit + 1, MIN_QUERIED),
            **request,
        )
        infos = (_info_from(item) for item in items)
        seen = (info for info in infos if audience is None or audience.sees(info.ownership))
        # On to the next that is seen, so that no cursor spells a name that is not.
        found = tuple(islice(seen, limit + 1))
        more = encode_cursor("credentials", [found[limit - 1].name]) if len(found) > limit else None
        return Page(found[:limit], more)

    def set_ownership(self, name: str, ownership: Ownership) -> CredentialInfo:
        """Give the credential to others; NotFoundError."""
        info = replace(self.info(name), ownership=ownership)
        try:
            self._table.put(_item(info), "attribute_exists(pk)")
        except ConditionFailedError as failed:
            raise NotFoundError("credential", name) from failed
        return info

    def delete(self, name: str) -> None:
        """First the name, then the values; NotFoundError."""
        try:
            self._table.delete(_key(name), "attribute_exists(pk)")
        except ConditionFailedError as failed:
            raise NotFoundError("credential", name) from failed
        self._secrets.delete(name)


def _key(name: str) -> Item:
    return {"pk": _PARTITION, "sk": text(name)}


def _item(info: CredentialInfo) -> Item:
    return {
        **_key(info.name),
        "owner": text(info.ownership.owner or NOBODY),
        "record": text(dump_record(info)),
    }


def _info_from(item: Item) -> CredentialInfo:
    return load_record(CredentialInfo, item["record"]["S"])
