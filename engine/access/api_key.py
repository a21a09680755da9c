"""API keys: ``mn8_<id>_<secret>``. The id finds the key, the secret proves it; only its hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from engine.access.principal import (
    MAX_CONCURRENT_EXECUTIONS,
    MAX_EXECUTIONS_PER_DAY,
    MAX_REQUESTS_PER_MINUTE,
    Limits,
    Principal,
)
from engine.access.role import Permission, Role

PREFIX = "mn8_"
# Names of users and groups: they stand in tokens, logs and audit records.
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.@:|+-]{0,127}$"
MAX_GROUPS = 50
# The id is a ULID, the secret two tokens of 128 bits in 22 URL-safe characters each: 256 bits.
_SPELLING = re.compile(r"mn8_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{44})")


class ApiKey(BaseModel):
    """A key as it is kept: all but its secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: str
    name: str
    secret_sha256: str = Field(repr=False)
    user: str
    role: Role
    groups: tuple[str, ...] = ()
    scopes: tuple[Permission, ...] | None = None
    requests_per_minute: int | None = Field(None, ge=1, le=MAX_REQUESTS_PER_MINUTE)
    executions_per_day: int | None = Field(None, ge=1, le=MAX_EXECUTIONS_PER_DAY)
    concurrent_executions: int | None = Field(None, ge=1, le=MAX_CONCURRENT_EXECUTIONS)
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_usable(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def proves(self, secret: str) -> bool:
        """Whether this is the key's secret; takes the same time for every wrong one."""
        return hmac.compare_digest(self.secret_sha256, hash_secret(secret))

    def principal(self) -> Principal:
        """Who asks with it."""
        return Principal(
            subject=f"key:{self.key_id}",
            kind="key",
            user=self.user,
            role=self.role,
            name=self.name,
            groups=frozenset(self.groups),
            scopes=None if self.scopes is None else frozenset(self.scopes),
            expires_at=self.expires_at,
            limits=Limits(self.requests_per_minute, self.executions_per_day, self.concurrent_executions),
        )


def spell_key(key_id: str, secret: str) -> str:
    """The key as its holder sends it."""
    return f"{PREFIX}{key_id}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """(id, secret) of a key; None for what is spelled otherwise."""
    found = _SPELLING.fullmatch(text)
    return (found[1], found[2]) if found else None


def hash_secret(secret: str) -> str:
    """SHA-256: the secret has 256 random bits, which no slow hash would make harder to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
