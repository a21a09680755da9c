"""Credentials and single secrets in memory."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.errors import NotFoundError
from engine.ports import CredentialInfo, Page


class MemoryCredentialStore:
    """Keeps CredentialStore's promises."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[CredentialInfo, dict[str, str]]] = {}
        self._lock = Lock()

    def put(self, info: CredentialInfo, values: Mapping[str, str]) -> None:
        """Create or replace."""
        with self._lock:
            self._kept[info.name] = (info, dict(values))

    def info(self, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError."""
        return self._credential(name)[0]

    def values(self, name: str) -> tuple[str, Mapping[str, str]]:
        """(kind, values by part); NotFoundError."""
        info, values = self._credential(name)
        return info.kind, dict(values)

    def list_infos(self, limit: int, cursor: str | None = None) -> Page[CredentialInfo]:
        """By name."""
        check_limit(limit)
        position = decode_cursor("credentials", cursor, parts=1)
        with self._lock:
            infos = [info for _, (info, _) in sorted(self._kept.items())]
        after = [info for info in infos if position is None or info.name > position[0]]
        more = encode_cursor("credentials", [after[limit - 1].name]) if len(after) > limit else None
        return Page(tuple(after[:limit]), more)

    def delete(self, name: str) -> None:
        """NotFoundError."""
        with self._lock:
            self._credential(name)
            del self._kept[name]

    def _credential(self, name: str) -> tuple[CredentialInfo, dict[str, str]]:
        found = self._kept.get(name)
        if found is None:
            raise NotFoundError("credential", name)
        return found


class MemorySecretStore:
    """Keeps SecretStore's promise on the secrets it is made with."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._secrets = dict(secrets or {})

    def read(self, name: str) -> str:
        """The text of the secret; NotFoundError."""
        if name not in self._secrets:
            raise NotFoundError("secret", name)
        return self._secrets[name]
