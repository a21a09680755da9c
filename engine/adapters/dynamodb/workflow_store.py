"""Workflows in DynamoDB; `workflow_item` describes the items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.access.audience import Audience
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, is_expired, number, text
from engine.adapters.dynamodb.newest_first import Budget, Partition, walk
from engine.adapters.dynamodb.table import ConditionFailedError, Table, TransactionRefusedError
from engine.adapters.dynamodb.workflow_item import (
    LIST_SHARDS,
    head_from,
    head_item,
    head_key,
    list_shard,
    part_keys,
    version_from,
    version_items,
    version_key,
)
from engine.errors import ConflictError, NotFoundError, RevisionConflictError
from engine.ports import Clock, Page, WorkflowHead, WorkflowVersion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


# Heads that one query reads for somebody who sees only some: 100 KB.
FILTERED_HEADS = 200


class DynamoWorkflowStore:
    """Keeps WorkflowStore's promises on the table of workflows.

    Heads and versions are read as they are now; the list, from an index, may be a moment behind.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        self._clock = clock

    def get_head(self, workflow_id: str) -> WorkflowHead:
        """The head; NotFoundError."""
        item = self._table.get(head_key(workflow_id))
        if item is None:
            raise NotFoundError("workflow", workflow_id)
        return head_from(item)

    def get_version(self, workflow_id: str, version: int) -> WorkflowVersion:
        """A version that has not expired; NotFoundError."""
        item = self._table.get(version_key(workflow_id, version))
        if item is None or is_expired(item, self._clock.now()):
            raise NotFoundError(f"version {version} of workflow", workflow_id)
        return self._with_parts(item)

    def list_heads(
        self, limit: int, cursor: str | None = None, audience: Audience | None = None
    ) -> Page[WorkflowHead]:
        """Heads that the audience sees, the newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        position = decode_cursor("workflows", cursor, parts=1)
        below = position[0] if position else None
        shards = [
            Partition(self._shard_reader(list_shard(shard), limit, audience), "workflow_id", below)
            for shard in range(LIST_SHARDS)
        ]
        items, place = walk([("", shards)], limit, Budget())
        more = encode_cursor("workflows", [place.below]) if place else None
        return Page(tuple(head_from(item) for item in items), more)

    def list_versions(self, workflow_id: str, limit: int, cursor: str | None = None) -> Page[WorkflowVersion]:
        """Versions, newest first."""
        check_limit(limit)
        listing = f"versions:{workflow_id}"
        position = decode_cursor(listing, cursor, parts=1)
        # Between bounds, not begins_with: a key condition has one condition on the sort key.
        below = int(position[0]) - 1 if position else 99_999_999
        items, cut = self._table.query(
            KeyConditionExpression="workflow_id = :id AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":id": text(workflow_id),
                ":first": text("V#00000000"),
                ":last": text(f"V#{below:08d}"),
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit + 1,
        )
        now = self._clock.now()
        found = [self._with_parts(item) for item in items[:limit] if not is_expired(item, now)]
        if not items or (len(items) <= limit and not cut):
            return Page(tuple(found))
        # The query gave more than the page holds, or was cut short at 1 MB.
        last = items[:limit][-1]["sk"]["S"].removeprefix("V#")
        return Page(tuple(found), encode_cursor(listing, [str(int(last))]))

    def commit(self, head: WorkflowHead, version: WorkflowVersion, expected_revision: int | None) -> None:
        """Write a version and move the head to it, both or neither."""
        if expected_revision is None:
            unmoved: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(workflow_id)"}
        else:
            values = {":expected": number(expected_revision)}
            unmoved = {"ConditionExpression": "revision = :expected", "ExpressionAttributeValues": values}
        # What has expired is gone, though DynamoDB takes its time to delete it.
        absent = {
            "ConditionExpression": f"attribute_not_exists(workflow_id) OR {EXPIRES_AT} <= :now",
            "ExpressionAttributeValues": {":now": number(int(self._clock.now().timestamp()))},
        }
        writes = [{"Put": {"Item": item, **absent}} for item in version_items(version)]
        old = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            self._table.transact([{"Put": {"Item": head_item(head), **unmoved, **old}}, *writes])
        except TransactionRefusedError as refused:
            if not refused.failed(0):
                raise ConflictError(
                    f"Workflow '{version.workflow_id}' has a version {version.version} already."
                ) from refused
            raise _moved(head.workflow_id, expected_revision, refused.reasons[0].get("Item")) from refused

    def move_head(self, head: WorkflowHead, expected_revision: int) -> None:
        """Replace the head and write no version."""
        try:
            self._table.put(
                head_item(head),
                "revision = :expected",
                ExpressionAttributeValues={":expected": number(expected_revision)},
            )
        except ConditionFailedError as failed:
            raise _moved(head.workflow_id, expected_revision, failed.item) from failed

    def delete(self, workflow_id: str, expected_revision: int | None, expires_at: datetime) -> None:
        """Take the head away; versions stay readable until ``expires_at``."""
        condition: dict[str, Any] = {"condition": "attribute_exists(workflow_id)"}
        if expected_revision is not None:
            values = {":expected": number(expected_revision)}
            condition = {"condition": "revision = :expected", "ExpressionAttributeValues": values}
        try:
            self._table.delete(head_key(workflow_id), **condition)
        except ConditionFailedError as failed:
            raise _moved(workflow_id, expected_revision, failed.item) from failed
        versions = self._table.query_all(
            KeyConditionExpression="workflow_id = :id AND sk > :head",
            ExpressionAttributeValues={":id": text(workflow_id), ":head": text("META")},
            ProjectionExpression="workflow_id, sk",
            ConsistentRead=True,
        )
        for key in versions:
            self._table.update(
                key,
                f"SET {EXPIRES_AT} = if_not_exists({EXPIRES_AT}, :at)",
                ExpressionAttributeValues={":at": expiry(expires_at)},
            )

    def _with_parts(self, item: Item) -> WorkflowVersion:
        parts = [self._table.get(key) for key in part_keys(item)]
        return version_from([item, *(part for part in parts if part is not None)])

    def _shard_reader(
        self, shard: str, limit: int, audience: Audience | None
    ) -> Callable[[str | None], tuple[list[Item], str | None]]:
        sees_all = audience is None or audience.sees_all

        def read(below: str | None) -> tuple[list[Item], str | None]:
            items, last = self._table.query(
                IndexName="list",
                KeyConditionExpression="list_shard = :shard" + (" AND workflow_id < :below" if below else ""),
                ExpressionAttributeValues={
                    ":shard": text(shard),
                    **({":below": text(below)} if below else {}),
                },
                ScanIndexForward=False,
                Limit=limit + 1 if sees_all else FILTERED_HEADS,
            )
            seen = [i for i in items if audience is None or audience.sees(head_from(i).ownership)]
            return seen, last["workflow_id"]["S"] if last else None

        return read


def _moved(workflow_id: str, expected: int | None, stored: Item | None) -> Exception:
    """Why a head could not be written: someone moved it, or took it away."""
    if not stored:
        return NotFoundError("workflow", workflow_id)
    return RevisionConflictError(workflow_id, expected, head_from(stored).revision)
