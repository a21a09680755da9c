"""Credentials and single secrets in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from engine.access.audience import Audience, Ownership
from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.errors import ConflictError, NotFoundError
from engine.ports import CredentialInfo, Page


class MemoryCredentialStore:
    """Keeps CredentialStore's promises."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[CredentialInfo, dict[str, str]]] = {}
        self._lock = Lock()

    def put(self, info: CredentialInfo, values: Mapping[str, str]) -> None:
        """Create or replace; ConflictError when another owner has the name."""
        with self._lock:
            standing = self._kept.get(info.name)
            if standing is not None and standing[0].ownership.owner != info.ownership.owner:
                raise ConflictError(
                    f"The credential '{info.name}' belongs to someone else; name yours otherwise."
                )
            self._kept[info.name] = (info, dict(values))

    def info(self, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError."""
        return self._credential(name)[0]

    def values(self, name: str) -> tuple[str, Mapping[str, str]]:
        """(kind, values by part); NotFoundError."""
        info, values = self._credential(name)
        return info.kind, dict(values)

    def list_infos(
        self, limit: int, cursor: str | None = None, audience: Audience | None = None
    ) -> Page[CredentialInfo]:
        """Those that the audience sees, by name."""
        check_limit(limit)
        position = decode_cursor("credentials", cursor, parts=1)
        with self._lock:
            kept = [info for _, (info, _) in sorted(self._kept.items())]
        infos = [info for info in kept if audience is None or audience.sees(info.ownership)]
        after = [info for info in infos if position is None or info.name > position[0]]
        more = encode_cursor("credentials", [after[limit - 1].name]) if len(after) > limit else None
        return Page(tuple(after[:limit]), more)

    def set_ownership(self, name: str, ownership: Ownership) -> CredentialInfo:
        """Give the credential to others; NotFoundError."""
        with self._lock:
            info, values = self._credential(name)
            info = replace(info, ownership=ownership)
            self._kept[name] = (info, values)
        return info

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
