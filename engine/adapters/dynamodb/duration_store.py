"""Durations in DynamoDB: the item ``PROFILE`` beside a workflow's head and versions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, number, packed, text, unpacked
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.durations import Durations
from engine.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Each write gives the item this long again: that of a workflow which is gone, or rests, goes by itself.
RETENTION = timedelta(days=400)


class DynamoDurationStore:
    """Keeps DurationStore's promises on the table of workflows.

    Executions that end at the same time write one after another or not at all: a sample that is lost is a
    sample, so nobody waits and nothing is tried again.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        self._clock = clock

    def get(self, workflow_id: str) -> Durations:
        """What is known; durations of revision 0 where that is nothing."""
        item = self._table.get(_key(workflow_id))
        return Durations() if item is None else load_record(Durations, unpacked(item["record"]))

    def put(self, workflow_id: str, durations: Durations) -> bool:
        """Write durations over those of the revision before; False when others were faster."""
        item: Item = {
            **_key(workflow_id),
            "revision": number(durations.revision),
            "record": packed(dump_record(durations)),
            EXPIRES_AT: expiry(self._clock.now() + RETENTION),
        }
        values = {":before": number(durations.revision - 1)}
        condition = "revision = :before"
        if durations.revision == 1:
            condition = f"attribute_not_exists(workflow_id) OR {condition}"
        try:
            self._table.put(item, condition, ExpressionAttributeValues=values)
        except ConditionFailedError:
            return False
        return True


def _key(workflow_id: str) -> Item:
    return {"workflow_id": text(workflow_id), "sk": text("PROFILE")}
