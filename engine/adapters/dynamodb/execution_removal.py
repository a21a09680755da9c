"""How executions go, in the table of executions.

::

    execution_id  sk           holds
    ex_B          HELD         by: the executions that share what ex_B made; gone: that ex_B is
    ex_A          HOLDS#ex_B   that ex_A is one of them
    ex_A          REMOVED      that ex_A was taken away; by its expiry late writes are found

HELD and HOLDS never expire by themselves, else what was made would be left: who clears ex_A deletes its
HOLDS, and the last holder HELD. Changes of HELD are atomic, so that of the last release and the end of the
execution itself one sees the other.
"""

from __future__ import annotations

from datetime import datetime

from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, is_expired, number, text
from engine.adapters.dynamodb.table import ConditionFailedError, Table, TransactionRefusedError
from engine.errors import ConflictError, NotFoundError
from engine.execution import ExecutionStatus
from engine.ports import Clock

HOLDS = "HOLDS#"
# What is not deleted with the rest: its last holder deletes the one, its expiry the other.
KEPT_ROWS = frozenset({"HELD", "REMOVED"})
STANDS = f"attribute_exists(execution_id) AND {EXPIRES_AT} > :now"


class ExecutionRemoval:
    """The part of the execution store by which executions go, on the same table."""

    _table: Table
    _clock: Clock

    def remove(self, execution_id: str, until: datetime) -> None:
        """Take an ended execution away, and leave the mark. NotFoundError; ConflictError while it runs."""
        delete: Item = {
            "Key": _key(execution_id, "META"),
            "ConditionExpression": f"{STANDS} AND #status <> :running",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {**self._now(), ":running": text(ExecutionStatus.RUNNING)},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._table.transact([{"Delete": delete}, {"Put": {"Item": _mark(execution_id, until)}}])
        except TransactionRefusedError as refused:
            if not refused.failed(0):
                raise
            stored = refused.reasons[0].get("Item")
            if stored and not is_expired(stored, self._clock.now()):
                raise ConflictError(f"Execution '{execution_id}' is running.") from refused
            raise NotFoundError("execution", execution_id) from refused

    def mark_removed(self, execution_id: str, until: datetime) -> None:
        """Say until then that there is no such execution."""
        self._table.put(_mark(execution_id, until))

    def was_removed(self, execution_id: str) -> bool:
        """Whether that mark stands."""
        mark = self._table.get(_key(execution_id, "REMOVED"))
        return mark is not None and not is_expired(mark, self._clock.now())

    def delete_rows(self, execution_id: str) -> None:
        """Delete what is kept of an execution that is gone."""
        rows = [sk for sk in self._rows(execution_id) if sk not in KEPT_ROWS]
        self._table.batch_delete([_key(execution_id, sk) for sk in rows])

    def hold(self, execution_id: str, holder_id: str, through: str | None = None) -> None:
        """Keep what an execution made for as long as the holder is kept. NotFoundError."""
        add: Item = {
            "Key": _key(execution_id, "HELD"),
            "UpdateExpression": "ADD #by :holder",
            "ExpressionAttributeNames": {"#by": "by"},
            "ExpressionAttributeValues": {":holder": {"SS": [holder_id]}},
        }
        if through is not None:
            add["ConditionExpression"] = "contains(#by, :through)"
            add["ExpressionAttributeValues"][":through"] = text(through)
        # Who is asked for: the execution, or the one that holds it.
        check: Item = {
            "Key": _key(through or execution_id, "META"),
            "ConditionExpression": STANDS,
            "ExpressionAttributeValues": self._now(),
        }
        note = _key(holder_id, f"{HOLDS}{execution_id}")
        try:
            self._table.transact([{"ConditionCheck": check}, {"Update": add}, {"Put": {"Item": note}}])
        except TransactionRefusedError as refused:
            raise NotFoundError("execution", through or execution_id) from refused

    def list_held(self, holder_id: str) -> tuple[str, ...]:
        """The executions that this one holds."""
        return tuple(sk.removeprefix(HOLDS) for sk in self._rows(holder_id, HOLDS))

    def release(self, execution_id: str, holder_id: str) -> bool:
        """The holder is gone; whether what the execution made may be deleted now."""
        holder = {":holder": {"SS": [holder_id]}}
        return self._change_held(execution_id, "DELETE #name :holder", "by", holder) is True

    def note_gone(self, execution_id: str) -> bool:
        """The execution itself is gone; whether what it made may be deleted now."""
        return (
            self._change_held(execution_id, "SET #name = :yes", "gone", {":yes": {"BOOL": True}}) is not False
        )

    def forget_holds(self, execution_id: str) -> None:
        """What it made is deleted: forget that somebody held it."""
        self._table.delete(_key(execution_id, "HELD"))

    def _change_held(self, execution_id: str, change: str, name: str, values: Item) -> bool | None:
        """Whether it is gone and nobody holds what it made any more; None where nobody ever did."""
        try:
            now = self._table.update_and_get(
                _key(execution_id, "HELD"),
                change,
                "attribute_exists(execution_id)",
                whole=True,
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues=values,
            )
        except ConditionFailedError:
            return None
        return "gone" in now and "by" not in now

    def _rows(self, execution_id: str, first: str = "") -> list[str]:
        """The sort keys of what is kept of an execution."""
        condition, values = "execution_id = :id", {":id": text(execution_id)}
        if first:
            condition, values = f"{condition} AND begins_with(sk, :first)", {**values, ":first": text(first)}
        found = self._table.query_all(
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        return [item["sk"]["S"] for item in found]

    def _now(self) -> Item:
        return {":now": number(int(self._clock.now().timestamp()))}


def _key(execution_id: str, sk: str) -> Item:
    return {"execution_id": text(execution_id), "sk": text(sk)}


def _mark(execution_id: str, until: datetime) -> Item:
    return {**_key(execution_id, "REMOVED"), EXPIRES_AT: expiry(until)}
