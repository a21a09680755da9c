"""Audit records in memory."""

from __future__ import annotations

from threading import Lock

from engine.access.audit import AuditFilter, AuditRecord
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError
from engine.json_value import digest
from engine.ports import Page


class MemoryAuditStore:
    """Keeps AuditStore's promises; nothing expires."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def append(self, record: AuditRecord) -> None:
        """Write a record; ConflictError if its id is another's. The same again does no harm."""
        place = (f"{record.at:%Y-%m-%d}", record.audit_id)
        with self._lock:
            if self._texts.get(place, dump_record(record)) != dump_record(record):
                raise ConflictError(f"There is an audit record '{record.audit_id}' already.")
            self._texts[place] = dump_record(record)

    def list_records(self, wanted: AuditFilter, limit: int, cursor: str | None = None) -> Page[AuditRecord]:
        """Records, the newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        listing = f"audit:{digest(wanted.model_dump(mode='json'))[:12]}"
        position = decode_cursor(listing, cursor, parts=2)
        with self._lock:
            kept = sorted(self._texts.items(), reverse=True)
        records = [
            (place, record)
            for place, kept_text in kept
            if (position is None or list(place) < position)
            and wanted.matches(record := load_record(AuditRecord, kept_text))
        ]
        more = encode_cursor(listing, list(records[limit - 1][0])) if len(records) > limit else None
        return Page(tuple(record for _, record in records[:limit]), more)
