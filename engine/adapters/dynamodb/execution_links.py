"""What ties an execution to others: names that wake its nodes, and the executions that it started.

::

    execution_id  sk           holds
    ex_...        WAKE#name    token: who waits for the name; woken: that it has been woken, for good
    ex_...        CHILD#ex_..  an execution that this one started
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, text
from engine.adapters.dynamodb.table import Table
from engine.adapters.record import dump_record, load_record
from engine.execution import ChildLink
from engine.ports import Page

CHILD = "CHILD#"


class ExecutionLinks:
    """Part of the execution store; ``expiry_of`` says when what belongs to an execution expires."""

    def __init__(self, table: Table, expiry_of: Callable[[str], datetime]) -> None:
        self._table, self._expiry_of = table, expiry_of

    def wait_for(self, execution_id: str, name: str, token: str) -> bool:
        """Keep the token; whether the name has been woken already."""
        return "woken" in self._change(execution_id, name, "#token = :token", {":token": text(token)})

    def wake(self, execution_id: str, name: str) -> str | None:
        """Note that the name is woken; the token that waits for it."""
        now = self._change(execution_id, name, "woken = :yes", {":yes": {"BOOL": True}})
        return str(now["token"]["S"]) if "token" in now else None

    def add_child(self, parent_id: str, child: ChildLink) -> None:
        """Note an execution that another one starts."""
        self._table.put(
            {
                "execution_id": text(parent_id),
                "sk": text(f"{CHILD}{child.execution_id}"),
                "record": text(dump_record(child)),
                EXPIRES_AT: expiry(self._expiry_of(parent_id)),
            }
        )

    def list_children(self, parent_id: str, limit: int, cursor: str | None) -> Page[ChildLink]:
        """The executions that an execution started, in order of their ids."""
        check_limit(limit)
        listing = f"children:{parent_id}"
        position = decode_cursor(listing, cursor, parts=1)
        start = {"execution_id": text(parent_id), "sk": text(position[0])} if position else None
        items, after = self._table.query(
            KeyConditionExpression="execution_id = :id AND begins_with(sk, :first)",
            ExpressionAttributeValues={":id": text(parent_id), ":first": text(CHILD)},
            ConsistentRead=True,
            Limit=limit,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        found = tuple(load_record(ChildLink, item["record"]["S"]) for item in items)
        return Page(found, encode_cursor(listing, [after["sk"]["S"]]) if after else None)

    def _change(self, execution_id: str, name: str, change: str, values: Item) -> Item:
        """The item once it is changed, with what others wrote before."""
        key = {"execution_id": text(execution_id), "sk": text(f"WAKE#{name}")}
        names: Item = {"ExpressionAttributeNames": {"#token": "token"}} if "#token" in change else {}
        return self._table.update_and_get(
            key,
            f"SET {change}, {EXPIRES_AT} = :at",
            whole=True,
            ExpressionAttributeValues={**values, ":at": expiry(self._expiry_of(execution_id))},
            **names,
        )
