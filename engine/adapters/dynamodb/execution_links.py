"""What ties an execution to others: names that wake its nodes, and the executions that it started.

::

    execution_id  sk           holds
    ex_...        WAKE#name    token: who waits for the name; woken: that it has been woken, for good
    ex_...        CHILD#ex_..  an execution that this one started
    ex_...        APPROVAL#id  a question to a person; decision: how it ended
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.dynamodb.attribute import EXPIRES_AT, Item, expiry, packed, text, unpacked
from engine.adapters.dynamodb.table import ConditionFailedError, Table
from engine.adapters.record import dump_record, load_record
from engine.approval import Approval, Decision
from engine.errors import NotFoundError
from engine.execution import ChildLink
from engine.ports import Page

CHILD = "CHILD#"


class ExecutionLinks(ABC):
    """The part of the execution store that ties executions together, on the same table."""

    _table: Table

    @abstractmethod
    def _expiry_of(self, execution_id: str) -> datetime:
        """When what belongs to an execution expires."""

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

    def list_children(self, parent_id: str, limit: int = 1000, cursor: str | None = None) -> Page[ChildLink]:
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

    def open_approval(self, approval: Approval) -> Approval:
        """Store a question if there is none of its id; the one that stands now."""
        item: Item = {
            **_approval_key(approval.execution_id, approval.approval_id),
            "record": packed(dump_record(approval)),
            EXPIRES_AT: expiry(self._expiry_of(approval.execution_id)),
        }
        try:
            self._table.put(item, "attribute_not_exists(execution_id)")
        except ConditionFailedError as failed:
            return _approval_from(failed.stored)
        return approval

    def get_approval(self, execution_id: str, approval_id: str) -> Approval:
        """A question; NotFoundError."""
        item = self._table.get(_approval_key(execution_id, approval_id))
        if item is None:
            raise NotFoundError("approval", approval_id)
        return _approval_from(item)

    def decide_approval(self, approval: Approval, decision: Decision) -> Approval | None:
        """Note how a question ended, once. NotFoundError."""
        try:
            self._table.update(
                _approval_key(approval.execution_id, approval.approval_id),
                "SET decision = :decision",
                "attribute_exists(execution_id) AND attribute_not_exists(decision)",
                ExpressionAttributeValues={":decision": packed(dump_record(decision))},
            )
        except ConditionFailedError as failed:
            if failed.item is None:
                raise NotFoundError("approval", approval.approval_id) from failed
            return _approval_from(failed.item)
        return None

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


def _approval_key(execution_id: str, approval_id: str) -> Item:
    return {"execution_id": text(execution_id), "sk": text(f"APPROVAL#{approval_id}")}


def _approval_from(item: Item) -> Approval:
    approval = load_record(Approval, unpacked(item["record"]))
    if "decision" not in item:
        return approval
    return approval.model_copy(update={"decision": load_record(Decision, unpacked(item["decision"]))})
