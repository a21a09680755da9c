"""Triggers in DynamoDB, in the table of workflows; `trigger_item` describes the items."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import Item, epoch_microseconds, is_expired, number, text
from engine.adapters.dynamodb.table import ConditionFailedError, Table, TransactionRefusedError
from engine.adapters.dynamodb.trigger_item import (
    failure_from,
    failure_item,
    failure_key,
    failures_prefix,
    fire_attributes,
    path_item,
    path_key,
    trigger_from,
    trigger_item,
    trigger_key,
)
from engine.errors import ConflictError, NotFoundError
from engine.ports import Clock, Page
from engine.trigger import FailedFire, Fire, Trigger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_ABSENT = {"ConditionExpression": "attribute_not_exists(workflow_id)"}


class DynamoTriggerStore:
    """Keeps TriggerStore's promises."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        self._clock = clock

    def add(self, trigger: Trigger) -> None:
        """Write a new trigger with its path, both or neither."""
        writes: list[Item] = [{"Put": {"Item": trigger_item(trigger), **_ABSENT}}]
        if trigger.path is not None:
            writes.append({"Put": {"Item": path_item(trigger.path, trigger), **_ABSENT}})
        try:
            self._table.transact(writes)
        except TransactionRefusedError as refused:
            if refused.failed(0):
                raise ConflictError(f"There is a trigger '{trigger.trigger_id}' already.") from refused
            raise _taken(trigger) from refused

    def replace(self, trigger: Trigger, old: Trigger) -> None:
        """Write a changed trigger; a path that changed is given back and the new one taken."""
        same = {
            "ConditionExpression": "revision = :old",
            "ExpressionAttributeValues": {
                ":old": number(old.revision),
                ":record": trigger_item(trigger)["record"],
                ":new": number(trigger.revision),
            },
            "UpdateExpression": "SET #record = :record, revision = :new",
            "ExpressionAttributeNames": {"#record": "record"},
        }
        key = trigger_key(trigger.workflow_id, trigger.trigger_id)
        writes: list[Item] = [{"Update": {"Key": key, **same}}]
        if trigger.path != old.path:
            if trigger.path is not None:
                writes.append({"Put": {"Item": path_item(trigger.path, trigger), **_ABSENT}})
            if old.path is not None:
                writes.append({"Delete": {"Key": path_key(old.path)}})
        try:
            self._table.transact(writes)
        except TransactionRefusedError as refused:
            if not refused.failed(0):
                raise _taken(trigger) from refused
            self.get(trigger.workflow_id, trigger.trigger_id)
            raise ConflictError(
                f"Someone changed trigger '{trigger.trigger_id}' meanwhile; read it again and repeat."
            ) from refused

    def get(self, workflow_id: str, trigger_id: str) -> Trigger:
        """The trigger with its last fire; NotFoundError."""
        item = self._table.get(trigger_key(workflow_id, trigger_id))
        if item is None:
            raise NotFoundError("trigger", trigger_id)
        return trigger_from(item)

    def find_webhook(self, path: str) -> Trigger:
        """The trigger that has the path; NotFoundError."""
        item = self._table.get(path_key(path))
        if item is None:
            raise NotFoundError("webhook", path)
        try:
            return self.get(item["owner_workflow_id"]["S"], item["owner_trigger_id"]["S"])
        except NotFoundError:
            raise NotFoundError("webhook", path) from None

    def list_triggers(self, workflow_id: str) -> tuple[Trigger, ...]:
        """All triggers of a workflow: ids are in order of time."""
        return tuple(map(trigger_from, self._items(workflow_id, "TRIGGER#")))

    def delete(self, trigger: Trigger) -> None:
        """Forget the trigger and its path together, then its failures."""
        key = trigger_key(trigger.workflow_id, trigger.trigger_id)
        writes: list[Item] = [{"Delete": {"Key": key}}]
        if trigger.path is not None:
            own = {
                "ConditionExpression": "attribute_not_exists(workflow_id) OR owner_trigger_id = :id",
                "ExpressionAttributeValues": {":id": text(trigger.trigger_id)},
            }
            writes.append({"Delete": {"Key": path_key(trigger.path), **own}})
        try:
            self._table.transact(writes)
        except TransactionRefusedError:
            # The path is another's by now; the trigger alone goes.
            self._table.delete(key)
        prefix = failures_prefix(trigger.trigger_id)
        for item in list(self._items(trigger.workflow_id, prefix, ProjectionExpression="workflow_id, sk")):
            self._table.delete(item)

    def record_fire(self, workflow_id: str, trigger_id: str, fire: Fire) -> None:
        """Note the last fire, unless a later one is noted or the trigger is gone."""
        values = fire_attributes(fire)
        with suppress(ConditionFailedError):
            self._table.update(
                trigger_key(workflow_id, trigger_id),
                "SET last_fire = :fire, fired_at = :at",
                "attribute_exists(workflow_id) AND (attribute_not_exists(fired_at) OR fired_at <= :at)",
                ExpressionAttributeValues={
                    ":fire": values["last_fire"],
                    ":at": number(epoch_microseconds(fire.at)),
                },
            )

    def add_failure(self, failure: FailedFire, expires_at: datetime) -> None:
        """Keep an event that failed."""
        self._table.put(failure_item(failure, expires_at))

    def get_failure(self, workflow_id: str, trigger_id: str, failure_id: str) -> FailedFire:
        """NotFoundError, also once it has expired."""
        item = self._table.get(failure_key(workflow_id, trigger_id, failure_id))
        if item is None or is_expired(item, self._clock.now()):
            raise NotFoundError("failure", failure_id)
        return failure_from(item)

    def list_failures(
        self, workflow_id: str, trigger_id: str, limit: int, cursor: str | None = None
    ) -> Page[FailedFire]:
        """Failures of a trigger, newest first: ids are in order of time."""
        check_limit(limit)
        listing = f"failures:{workflow_id}:{trigger_id}"
        position = decode_cursor(listing, cursor, parts=1)
        request: dict[str, Any] = (
            {"ExclusiveStartKey": failure_key(workflow_id, trigger_id, position[0])} if position else {}
        )
        items, _ = self._table.query(
            **_prefixed(workflow_id, failures_prefix(trigger_id)),
            ScanIndexForward=False,
            Limit=limit + 1,
            **request,
        )
        now = self._clock.now()
        page = items[:limit]
        found = tuple(failure_from(item) for item in page if not is_expired(item, now))
        last = page[-1]["sk"]["S"].rpartition("#")[2] if len(items) > limit else None
        return Page(found, encode_cursor(listing, [last]) if last else None)

    def delete_failure(self, failure: FailedFire) -> None:
        """Forget it; no error if it is gone."""
        self._table.delete(failure_key(failure.workflow_id, failure.trigger_id, failure.failure_id))

    def _items(self, workflow_id: str, prefix: str, **more: Any) -> list[Item]:
        return list(self._table.query_all(**_prefixed(workflow_id, prefix), **more))


def _prefixed(workflow_id: str, prefix: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "workflow_id = :id AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": {":id": text(workflow_id), ":prefix": text(prefix)},
        "ConsistentRead": True,
    }


def _taken(trigger: Trigger) -> ConflictError:
    return ConflictError(f"The webhook path '{trigger.path}' is taken; choose another.")
