"""Credentials: stored by name; a value that went in never comes out of here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import NotFoundError, RequestError
from engine.ports import Clock, CredentialInfo, CredentialStore, Page

# Kind of credential -> the parts that it must have.
KINDS: Mapping[str, tuple[str, ...]] = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "header": ("name", "value"),
    "query": ("name", "value"),
    "api_key": ("api_key",),
    "hmac": ("secret",),
}
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")
# Secrets Manager holds 64 KiB a secret
# (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
MAX_VALUE_CHARACTERS = 16_000


@dataclass(frozen=True)
class CredentialService:
    """Use cases of credentials."""

    credentials: CredentialStore
    clock: Clock

    def put(
        self, name: str, kind: str, values: Mapping[str, str], description: str | None
    ) -> tuple[CredentialInfo, bool]:
        """Create or replace; what may be shown, and whether it is new. RequestError names the field."""
        self._check(name, kind, values)
        now = self.clock.now()
        info = CredentialInfo(name, kind, tuple(sorted(values)), now, now, description)
        try:
            info = replace(info, created_at=self.credentials.info(name).created_at)
            created = False
        except NotFoundError:
            created = True
        self.credentials.put(info, values)
        return info, created

    def info(self, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError."""
        return self.credentials.info(name)

    def list_infos(self, limit: int, cursor: str | None) -> Page[CredentialInfo]:
        """By name."""
        return self.credentials.list_infos(limit, cursor)

    def delete(self, name: str) -> None:
        """Forget it; NotFoundError."""
        self.credentials.delete(name)

    def _check(self, name: str, kind: str, values: Mapping[str, str]) -> None:
        if not _NAME.match(name):
            raise RequestError("A name has letters, digits, '_', '.' and '-', at most 128 of them.", "name")
        if kind not in KINDS:
            raise RequestError(f"There is no kind '{kind}'. Kinds: {', '.join(KINDS)}.", "kind")
        if set(values) != set(KINDS[kind]):
            raise RequestError(f"Kind '{kind}' needs exactly: {', '.join(KINDS[kind])}.", "values")
        for part, value in values.items():
            if not value or len(value) > MAX_VALUE_CHARACTERS:
                raise RequestError(
                    f"'{part}' needs 1 to {MAX_VALUE_CHARACTERS:,} characters.", f"values.{part}"
                )
            if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in value):
                raise RequestError(f"'{part}' has characters that no header can carry.", f"values.{part}")
