"""Principals, keys, ownerships and audit records as the API shows and takes them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from engine.access.api_key import ApiKey
from engine.access.audience import Ownership
from engine.access.audit import AuditRecord
from engine.access.principal import (
    MAX_CONCURRENT_EXECUTIONS,
    MAX_EXECUTIONS_PER_DAY,
    MAX_REQUESTS_PER_MINUTE,
    Limits,
    Principal,
)
from engine.access.role import Permission, Role
from engine.errors import RequestError
from engine.service.api_keys import DEFAULT_LIMITS, KeyRequest


class LimitsView(BaseModel):
    """How much may be asked for; null: no limit."""

    model_config = ConfigDict(extra="forbid", strict=True)

    requests_per_minute: int | None = Field(
        DEFAULT_LIMITS.requests_per_minute, ge=1, le=MAX_REQUESTS_PER_MINUTE
    )
    executions_per_day: int | None = Field(None, ge=1, le=MAX_EXECUTIONS_PER_DAY)
    concurrent_executions: int | None = Field(None, ge=1, le=MAX_CONCURRENT_EXECUTIONS)


class Me(BaseModel):
    """Who asks, and what they may."""

    subject: str = Field(description="What audit records and limits name: key:…, user:… or bootstrap.")
    kind: str
    name: str | None
    user: str = Field(description="Who owns what is made.")
    role: Role
    groups: list[str]
    scopes: list[Permission] | None
    permissions: list[Permission]
    limits: LimitsView
    expires_at: datetime | None

    @classmethod
    def of(cls, principal: Principal) -> Me:
        """From the principal."""
        scopes = None if principal.scopes is None else sorted(principal.scopes)
        return cls(
            subject=principal.subject,
            kind=principal.kind,
            name=principal.name,
            user=principal.user,
            role=principal.role,
            groups=sorted(principal.groups),
            scopes=scopes,
            permissions=sorted(principal.permissions),
            limits=LimitsView(**vars(principal.limits)),
            expires_at=principal.expires_at,
        )


class NewKey(BaseModel):
    """What a new key is to be."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What the key is for.", min_length=1, max_length=100)
    role: Role
    user: str | None = Field(None, description="Who owns what is made with it; null: who asks.")
    groups: list[str] = Field(default_factory=list, description="Groups whose shared workflows it sees.")
    scopes: list[Permission] | None = Field(
        None, description="Permissions that it has and no others; null: all of the role's."
    )
    expires_at: datetime | None = None
    limits: LimitsView = Field(default_factory=LimitsView)

    def request(self) -> KeyRequest:
        """As the service takes it; RequestError."""
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise RequestError("expires_at needs a time zone, such as 2026-01-31T12:00:00Z.", "expires_at")
        scopes = None if self.scopes is None else tuple(self.scopes)
        limits = Limits(**self.limits.model_dump())
        return KeyRequest(
            self.name, self.role, self.user, tuple(self.groups), scopes, self.expires_at, limits
        )


class KeyView(BaseModel):
    """A key as it is shown: never its secret."""

    id: str
    name: str
    user: str
    role: Role
    groups: list[str]
    scopes: list[Permission] | None
    limits: LimitsView
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute; null: never.")

    @classmethod
    def of(cls, key: ApiKey, last_used_at: datetime | None = None) -> KeyView:
        """From the record."""
        scopes = None if key.scopes is None else list(key.scopes)
        return cls(
            id=key.key_id,
            name=key.name,
            user=key.user,
            role=key.role,
            groups=list(key.groups),
            scopes=scopes,
            limits=LimitsView(**vars(key.principal().limits)),
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=last_used_at,
        )


class CreatedKey(KeyView):
    """A new key with its text, which is shown this once."""

    key: str = Field(description="Send it as `Authorization: Bearer …`. It cannot be shown again.")


class KeyList(BaseModel):
    """A page of keys, newest first."""

    items: list[KeyView]
    cursor: str | None


class AuditList(BaseModel):
    """A page of audit records, newest first."""

    items: list[AuditRecord]
    cursor: str | None


class SharingRequest(BaseModel):
    """Whose something is to be."""

    model_config = ConfigDict(extra="forbid")

    owner: str | None = Field(None, description="Null: the owner stays. Administrators alone change it.")
    groups: list[str] = Field(description="All groups that it is shared with; `everyone` is all.")

    def ownership(self, before: Ownership) -> Ownership:
        """What comes of it."""
        return Ownership(self.owner or before.owner, tuple(sorted(set(self.groups))))


class Sharing(BaseModel):
    """Whose something is."""

    owner: str | None = Field(description="Null: the administrators'.")
    groups: list[str]

    @classmethod
    def of(cls, ownership: Ownership) -> Sharing:
        """From the ownership."""
        return cls(owner=ownership.owner, groups=list(ownership.groups))
