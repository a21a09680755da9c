"""Removes items whose time to live is over, as DynamoDB does: by itself, with a record in the stream."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Any

# DynamoDB takes up to days; who waits for it here wants to see it.
INTERVAL_SECONDS = 60.0
MIN_INTERVAL_SECONDS = 0.5
# Who removed it, in the record:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_logger = logging.getLogger(__name__)


class ExpiredItems:
    """Looks for them every minute, times the server's time scale."""

    def __init__(self, time_scale: float) -> None:
        self._interval = max(MIN_INTERVAL_SECONDS, INTERVAL_SECONDS * time_scale)

    def start(self) -> None:
        """Begin, until the process ends."""
        threading.Thread(target=self._run, daemon=True, name="expired-items").start()

    def _run(self) -> None:
        while True:
            time.sleep(self._interval)
            # Not imported for this: a service is loaded when it is first asked for.
            dynamodb = sys.modules.get("ministack.services.dynamodb")
            if dynamodb is not None:
                try:
                    remove_expired(dynamodb, time.time())
                except (RuntimeError, KeyError):  # changed under our hands; the next round takes it
                    _logger.debug("tables changed while expired items were looked for", exc_info=True)


def remove_expired(dynamodb: Any, now: float) -> None:
    """Remove what has expired by ``now`` from every table."""
    from ministack.core.responses import request_scope

    for (account, region, table_name), setting in list(dynamodb._ttl_settings.all_items()):
        table = dynamodb._tables.get_scoped(account, region, table_name)
        if setting.get("TimeToLiveStatus") != "ENABLED" or not table:
            continue
        with request_scope(account, region), dynamodb._lock:
            for key, item in _expired(table, setting["AttributeName"], now):
                dynamodb._remove_item(table, *key)
                dynamodb._emit_stream_event(table_name, "REMOVE", item, None)
                for record in (dynamodb._stream_records.get(table_name) or [])[-1:]:
                    record["userIdentity"] = _SERVICE


def _expired(
    table: dict[str, Any], attribute: str, now: float
) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    return [
        ((pk_value, sk_value), item)
        for pk_value, rows in table["items"].items()
        for sk_value, item in rows.items()
        if "N" in (expires := item.get(attribute, {})) and float(expires["N"]) <= now
    ]
