"""Latches in DynamoDB: an item of the executions table for each wait.

::

    execution_id  sk           holds
    ex_...        LATCH#name   arrived: a set of node ids; awaited: another; token: who waits

Arrivals are added to a set rather than counted, so that a repeated one changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, text
from engine.adapters.dynamodb.table import Table
from engine.latch import LatchState
from engine.ports import Clock
from engine.workflow import MAX_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# An execution that runs as long as any may; after that nobody waits.
KEPT = timedelta(seconds=MAX_TIMEOUT_SECONDS) + timedelta(days=1)


class DynamoLatchStore:
    """Keeps LatchStore's promises, in the table of executions."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table, self._clock = Table(client, table, clock), clock

    def arrive(self, execution_id: str, latch: str, node_id: str) -> LatchState:
        """A node has ended."""
        change = f"SET {EXPIRES_AT} = :at ADD arrived :node"
        return self._change(execution_id, latch, change, {":node": {"SS": [node_id]}})

    def register(self, execution_id: str, latch: str, awaited: frozenset[str], token: str) -> LatchState:
        """Somebody waits with this token until the awaited nodes have arrived."""
        change = f"SET {EXPIRES_AT} = :at, #token = :token, awaited = :awaited"
        values: Item = {":token": text(token), ":awaited": {"SS": sorted(awaited)}}
        return self._change(execution_id, latch, change, values, ExpressionAttributeNames={"#token": "token"})

    def _change(self, execution_id: str, latch: str, change: str, values: Item, **more: Any) -> LatchState:
        now = self._table.update_and_get(
            {"execution_id": text(execution_id), "sk": text(f"LATCH#{latch}")},
            change,
            whole=True,
            ExpressionAttributeValues={**values, ":at": expiry(self._clock.now() + KEPT)},
            **more,
        )
        return LatchState(
            arrived=frozenset(now.get("arrived", {}).get("SS", ())),
            awaited=frozenset(now.get("awaited", {}).get("SS", ())),
            token=now["token"]["S"] if "token" in now else None,
        )
