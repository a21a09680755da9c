"""API keys in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from threading import Lock

from engine.access.api_key import ApiKey
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.errors import ConflictError, NotFoundError
from engine.ports import Page


class MemoryApiKeyStore:
    """Keeps ApiKeyStore's promises."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._used: dict[str, datetime] = {}
        self._lock = Lock()

    def create(self, key: ApiKey) -> None:
        """Write a new key; ConflictError if the id is another key's. The same again does no harm."""
        with self._lock:
            if self._keys.get(key.key_id, key) != key:
                raise ConflictError(f"There is an API key '{key.key_id}' already.")
            self._keys[key.key_id] = key

    def get(self, key_id: str) -> ApiKey:
        """The key as it is now; NotFoundError."""
        found = self._keys.get(key_id)
        if found is None:
            raise NotFoundError("API key", key_id)
        return found

    def replace(self, key: ApiKey) -> None:
        """Write a key over the one that has its id; NotFoundError."""
        with self._lock:
            self.get(key.key_id)
            self._keys[key.key_id] = key

    def list_keys(self, limit: int, cursor: str | None = None) -> Page[ApiKey]:
        """Keys, the newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        position = decode_cursor("api keys", cursor, parts=1)
        with self._lock:
            ids = sorted(self._keys, reverse=True)
            after = [self._keys[key_id] for key_id in ids if position is None or key_id < position[0]]
        more = encode_cursor("api keys", [after[limit - 1].key_id]) if len(after) > limit else None
        return Page(tuple(after[:limit]), more)

    def touch(self, key_id: str, at: datetime, not_since: datetime) -> bool:
        """Note that it was used, unless that was noted after ``not_since``; whether it was noted now."""
        with self._lock:
            used = self._used.get(key_id)
            if key_id not in self._keys or (used is not None and used > not_since):
                return False
            self._used[key_id] = at
            return True

    def last_used(self, key_ids: tuple[str, ...]) -> Mapping[str, datetime]:
        """When each was last noted as used; those never used are left out."""
        return {key_id: self._used[key_id] for key_id in key_ids if key_id in self._used}
