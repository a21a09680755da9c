"""Items of triggers in the table of workflows.

Beside the head of their workflow: ``TRIGGER#id`` with the trigger, ``FAILED#id#failure`` with an event that
failed. A webhook's path has an item of its own, ``WEBHOOK#path`` / ``WEBHOOK``, that names its trigger.
"""

from __future__ import annotations

from datetime import datetime

from engine.adapters.dynamodb.attribute import (
    EXPIRES_AT,
    Item,
    epoch_microseconds,
    expiry,
    number,
    packed,
    text,
    unpacked,
)
from engine.adapters.record import dump_record, load_record
from engine.trigger import FailedFire, Fire, Trigger


def trigger_key(workflow_id: str, trigger_id: str) -> Item:
    """The key of a trigger."""
    return {"workflow_id": text(workflow_id), "sk": text(f"TRIGGER#{trigger_id}")}


def path_key(path: str) -> Item:
    """The key of a webhook's path."""
    return {"workflow_id": text(f"WEBHOOK#{path}"), "sk": text("WEBHOOK")}


def failure_key(workflow_id: str, trigger_id: str, failure_id: str) -> Item:
    """The key of a failure."""
    return {"workflow_id": text(workflow_id), "sk": text(f"{failures_prefix(trigger_id)}{failure_id}")}


def failures_prefix(trigger_id: str) -> str:
    """What the sort keys of a trigger's failures start with."""
    return f"FAILED#{trigger_id}#"


def trigger_item(trigger: Trigger) -> Item:
    """A trigger as an item; its last fire stands beside the record."""
    item = {
        **trigger_key(trigger.workflow_id, trigger.trigger_id),
        "revision": number(trigger.revision),
        "record": packed(dump_record(trigger.model_copy(update={"last_fire": None}))),
    }
    return item | fire_attributes(trigger.last_fire) if trigger.last_fire else item


def fire_attributes(fire: Fire) -> Item:
    """A last fire as attributes of its trigger's item."""
    return {"last_fire": text(dump_record(fire)), "fired_at": number(epoch_microseconds(fire.at))}


def trigger_from(item: Item) -> Trigger:
    """The trigger in an item."""
    trigger = load_record(Trigger, unpacked(item["record"]))
    if "last_fire" not in item:
        return trigger
    return trigger.model_copy(update={"last_fire": load_record(Fire, item["last_fire"]["S"])})


def path_item(path: str, trigger: Trigger) -> Item:
    """A path as an item."""
    owner = {"owner_workflow_id": text(trigger.workflow_id), "owner_trigger_id": text(trigger.trigger_id)}
    return {**path_key(path), **owner}


def failure_item(failure: FailedFire, expires_at: datetime) -> Item:
    """A failure as an item."""
    return {
        **failure_key(failure.workflow_id, failure.trigger_id, failure.failure_id),
        "record": packed(dump_record(failure)),
        EXPIRES_AT: expiry(expires_at),
    }


def failure_from(item: Item) -> FailedFire:
    """The failure in an item."""
    return load_record(FailedFire, unpacked(item["record"]))
