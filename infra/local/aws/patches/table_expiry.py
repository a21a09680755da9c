"""Defect: the time to live of a table that CloudFormation makes is lost, and no stream tells what it removed.

MiniStack's provisioner drops TimeToLiveSpecification; its own reaper looks once a minute and removes without
a record in the table's stream. On AWS the record is a REMOVE by the service
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html). Here the
reaper's removal does nothing, and `infra.local.aws.expired_items` removes instead.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_REAPER = "dynamodb-ttl-reaper"


def _keep(table_name: str, props: dict[str, Any]) -> None:
    from ministack.services import dynamodb

    setting = props.get("TimeToLiveSpecification") or {}
    if setting.get("AttributeName"):
        dynamodb._update_ttl({"TableName": table_name, "TimeToLiveSpecification": setting})


def _create(original: Any) -> Any:
    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        made = original(logical_id, props, stack_name)
        _keep(made[0], props)
        return made

    return create


def _update(original: Any) -> Any:
    def update(
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Any:
        made = original(physical_id, old_props, new_props, stack_name, logical_id)
        _keep(made[0], new_props)
        return made

    return update


def _remove(original: Any) -> Any:
    def remove(table: dict[str, Any], pk_value: str, sk_value: str) -> Any:
        if threading.current_thread().name == _REAPER:
            return None
        return original(table, pk_value, sk_value)

    return remove


def _provisioner() -> Iterator[Replacement]:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    yield Replacement(handlers, "create", _create)
    yield Replacement(handlers, "update", _update)


def _reaper() -> Iterator[Replacement]:
    from ministack.services import dynamodb

    yield Replacement(dynamodb, "_remove_item", _remove)


PROVISIONER = Patch("aws.table_expiry", _provisioner)
REAPER = Patch("aws.table_expiry_reaper", _reaper)
