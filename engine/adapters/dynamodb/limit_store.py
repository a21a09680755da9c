"""Counters of requests and executions in the access table.

::

    pk                sk                    holds
    LIMIT#subject     requests#1767225600   counted: how many in the minute (or day) that begins then
    RUNNING#subject   HELD                  held: ids of the executions that hold a place

One item for each subject and window: a conditional write on it is exact, and no item is shared by all.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from engine.access.window import Window
from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, number, text
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.ports import Clock
from engine.workflow import MAX_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# A counter is kept a while longer than it counts, for clocks that differ.
KEPT_LONGER = timedelta(hours=1)
# After the last that took a place: no execution takes longer than its timeout, which is a year at most.
PLACES_KEPT = timedelta(seconds=MAX_TIMEOUT_SECONDS) + timedelta(days=30)


class DynamoLimitStore:
    """Keeps LimitStore's promises."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table, self._clock = Table(client, table, clock), clock

    def take(self, subject: str, window: Window, limit: int) -> int | None:
        """Count one more in the window; how many that makes, or None when ``limit`` were counted before."""
        try:
            changed = self._table.update_and_get(
                _counter_key(subject, window),
                f"SET {EXPIRES_AT} = :at ADD counted :one",
                "attribute_not_exists(counted) OR counted < :limit",
                ExpressionAttributeValues={
                    ":one": number(1),
                    ":limit": number(limit),
                    ":at": expiry(window.ends_at + KEPT_LONGER),
                },
            )
        except ConditionFailedError:
            return None
        return int(changed["counted"]["N"])

    def give_back(self, subject: str, window: Window) -> None:
        """Count one less; no error if nothing was counted."""
        try:
            self._table.update(
                _counter_key(subject, window),
                "ADD counted :less",
                "counted > :none",
                ExpressionAttributeValues={":less": number(-1), ":none": number(0)},
            )
        except ConditionFailedError:
            return

    def hold(self, subject: str, execution_id: str, limit: int) -> tuple[str, ...] | None:
        """Hold a place for the execution; None when it is held, else the ids of those that hold them all."""
        try:
            self._table.update(
                _held_key(subject),
                f"SET {EXPIRES_AT} = :at ADD held :ids",
                "attribute_not_exists(held) OR contains(held, :id) OR size(held) < :limit",
                ExpressionAttributeValues={
                    ":at": expiry(self._clock.now() + PLACES_KEPT),
                    ":ids": {"SS": [execution_id]},
                    ":id": text(execution_id),
                    ":limit": number(limit),
                },
            )
        except ConditionFailedError as failed:
            return tuple(sorted(failed.stored["held"]["SS"]))
        return None

    def release(self, subject: str, execution_id: str) -> None:
        """Give the place back; no error if it was not held."""
        try:
            self._table.update(
                _held_key(subject),
                "DELETE held :ids",
                "attribute_exists(pk)",
                ExpressionAttributeValues={":ids": {"SS": [execution_id]}},
            )
        except ConditionFailedError:
            return  # else a row without an expiry would be made


def _counter_key(subject: str, window: Window) -> Item:
    return {"pk": text(f"LIMIT#{subject}"), "sk": text(window.name)}


def _held_key(subject: str) -> Item:
    return {"pk": text(f"RUNNING#{subject}"), "sk": text("HELD")}
