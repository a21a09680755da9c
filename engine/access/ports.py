"""What access control asks of the world; the promises of `engine.ports` hold here too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from engine.access.api_key import ApiKey
from engine.access.audit import AuditFilter, AuditRecord
from engine.access.window import Window
from engine.json_value import JsonValue
from engine.ports import Page


class ApiKeyStore(Protocol):
    """API keys by id."""

    def create(self, key: ApiKey) -> None:
        """Write a new key; ConflictError if the id is another key's. The same again does no harm."""

    def get(self, key_id: str) -> ApiKey:
        """The key as it is now; NotFoundError."""

    def replace(self, key: ApiKey) -> None:
        """Write a key over the one that has its id; NotFoundError."""

    def list_keys(self, limit: int, cursor: str | None = None) -> Page[ApiKey]:
        """Keys, the newest first; RequestError on a cursor that is not ours."""

    def touch(self, key_id: str, at: datetime, not_since: datetime) -> bool:
        """Note that it was used, unless that was noted after ``not_since``; whether it was noted now."""

    def last_used(self, key_ids: tuple[str, ...]) -> Mapping[str, datetime]:
        """When each was last noted as used; those never used are left out."""


class LimitStore(Protocol):
    """Counters that are exact however many count at once."""

    def take(self, subject: str, window: Window, limit: int) -> int | None:
        """Count one more in the window; how many that makes, or None when ``limit`` were counted before."""

    def give_back(self, subject: str, window: Window) -> None:
        """Count one less; no error if nothing was counted."""

    def hold(self, subject: str, execution_id: str, limit: int) -> tuple[str, ...] | None:
        """Hold a place for the execution among ``limit`` of the subject.

        None when it is held (also when it was before); else the ids of those that hold them all, sorted.
        """

    def release(self, subject: str, execution_id: str) -> None:
        """Give the place back; no error if it was not held."""


class AuditStore(Protocol):
    """Audit records: written once, never changed, never deleted before their time."""

    def append(self, record: AuditRecord) -> None:
        """Write a record; ConflictError if its id is another's. The same again does no harm."""

    def list_records(self, wanted: AuditFilter, limit: int, cursor: str | None = None) -> Page[AuditRecord]:
        """Records, the newest first; RequestError on a cursor that is not ours."""


class TokenVerifier(Protocol):
    """Whoever can tell a token of the configured issuer from any other."""

    def verify(self, token: str) -> Mapping[str, JsonValue]:
        """The claims of a token that is good now; UnauthenticatedError says why it is not.

        UnavailableError when the issuer's keys cannot be had.
        """
