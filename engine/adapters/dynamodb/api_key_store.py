"""API keys in the access table.

::

    pk       sk     holds
    KEY#id   META   a key: its record, and when it was last used
    KEYS     id     that there is such a key, for the list

Each request reads ``KEY#id`` alone, so that no partition carries them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.access.api_key import ApiKey
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import Item, epoch_microseconds, number, text
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError, NotFoundError
from engine.ports import Clock, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_LIST = text("KEYS")


class DynamoApiKeyStore:
    """Keeps ApiKeyStore's promises."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)

    def create(self, key: ApiKey) -> None:
        """Write a new key; ConflictError if the id is another key's. The same again does no harm."""
        # First the list: an entry without its key is passed over, a key in no list could not be revoked.
        self._table.put({"pk": _LIST, "sk": text(key.key_id)})
        item = {**_key(key.key_id), "record": text(dump_record(key))}
        try:
            self._table.put_once(item)
        except ConditionFailedError as failed:
            raise ConflictError(f"There is an API key '{key.key_id}' already.") from failed

    def get(self, key_id: str) -> ApiKey:
        """The key as it is now; NotFoundError."""
        item = self._table.get(_key(key_id))
        if item is None:
            raise NotFoundError("API key", key_id)
        return _key_from(item)

    def replace(self, key: ApiKey) -> None:
        """Write a key over the one that has its id; NotFoundError."""
        values = {":record": text(dump_record(key))}
        try:
            self._table.update(
                _key(key.key_id),
                "SET #record = :record",
                "attribute_exists(pk)",
                ExpressionAttributeNames={"#record": "record"},
                ExpressionAttributeValues=values,
            )
        except ConditionFailedError as failed:
            raise NotFoundError("API key", key.key_id) from failed

    def list_keys(self, limit: int, cursor: str | None = None) -> Page[ApiKey]:
        """Keys, the newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        position = decode_cursor("api keys", cursor, parts=1)
        after: dict[str, Any] = (
            {"ExclusiveStartKey": {"pk": _LIST, "sk": text(position[0])}} if position else {}
        )
        items, cut = self._table.query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _LIST},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit + 1,
            **after,
        )
        ids = [item["sk"]["S"] for item in items[:limit]]
        found = self._read(ids)
        more = bool(ids) and (len(items) > limit or cut is not None)
        keys = tuple(_key_from(found[key_id]) for key_id in ids if key_id in found)
        return Page(keys, encode_cursor("api keys", [ids[-1]]) if more else None)

    def touch(self, key_id: str, at: datetime, not_since: datetime) -> bool:
        """Note that it was used, unless that was noted after ``not_since``; whether it was noted now."""
        try:
            self._table.update(
                _key(key_id),
                "SET last_used_at = :at, last_used_at_epoch_microseconds = :now",
                "attribute_exists(pk) AND (attribute_not_exists(last_used_at_epoch_microseconds) "
                "OR last_used_at_epoch_microseconds <= :since)",
                ExpressionAttributeValues={
                    ":at": text(at.isoformat()),
                    ":now": number(epoch_microseconds(at)),
                    ":since": number(epoch_microseconds(not_since)),
                },
            )
        except ConditionFailedError:
            return False
        return True

    def last_used(self, key_ids: tuple[str, ...]) -> Mapping[str, datetime]:
        """When each was last noted as used; those never used are left out."""
        return {
            key_id: datetime.fromisoformat(item["last_used_at"]["S"])
            for key_id, item in self._read(list(key_ids)).items()
            if "last_used_at" in item
        }

    def _read(self, key_ids: list[str]) -> dict[str, Item]:
        found = self._table.batch_get([_key(key_id) for key_id in dict.fromkeys(key_ids)])
        return {item["pk"]["S"].removeprefix("KEY#"): item for item in found}


def _key(key_id: str) -> Item:
    return {"pk": text(f"KEY#{key_id}"), "sk": text("META")}


def _key_from(item: Item) -> ApiKey:
    return load_record(ApiKey, item["record"]["S"])
