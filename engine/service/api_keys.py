"""API keys: made, listed, revoked. The key itself is shown once, when it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.access.api_key import MAX_GROUPS, NAME_PATTERN, ApiKey, hash_secret, spell_key
from engine.access.ports import ApiKeyStore
from engine.access.principal import Limits, Principal
from engine.access.role import PERMISSIONS, Permission, Role
from engine.errors import ForbiddenError, RequestError
from engine.ports import Clock, Page

MAX_NAME_CHARACTERS = 100
NAME_RULE = "The name of a {} has letters, digits and any of _.@:|+- and is at most 128 long."
# What a program may ask, unless its key says otherwise: ten requests a second.
DEFAULT_LIMITS = Limits(requests_per_minute=600)


@dataclass(frozen=True)
class KeyRequest:
    """What is asked of a new key; ``user`` None: the user who asks."""

    name: str
    role: Role
    user: str | None = None
    groups: tuple[str, ...] = ()
    scopes: tuple[Permission, ...] | None = None
    expires_at: datetime | None = None
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True)
class ApiKeyService:
    """Use cases of API keys; only administrators come here."""

    keys: ApiKeyStore
    clock: Clock

    def create(self, creator: Principal, asked: KeyRequest) -> tuple[ApiKey, str]:
        """A new key, and its text, which nothing here keeps. RequestError names the field.

        ForbiddenError when it would do more, or live longer, than the key that asks for it.
        """
        self._check(creator, asked)
        _, _, key_id = self.clock.new_id("key").partition("_")
        secret = self.clock.new_token() + self.clock.new_token()
        key = ApiKey(
            key_id=key_id,
            name=asked.name,
            secret_sha256=hash_secret(secret),
            user=asked.user or creator.user,
            role=asked.role,
            groups=tuple(sorted(set(asked.groups))),
            scopes=None if asked.scopes is None else tuple(sorted(set(asked.scopes))),
            requests_per_minute=asked.limits.requests_per_minute,
            executions_per_day=asked.limits.executions_per_day,
            concurrent_executions=asked.limits.concurrent_executions,
            created_at=self.clock.now(),
            created_by=creator.subject,
            expires_at=asked.expires_at,
        )
        self.keys.create(key)
        return key, spell_key(key_id, secret)

    def get(self, key_id: str) -> ApiKey:
        """A key; NotFoundError."""
        return self.keys.get(key_id)

    def list_keys(self, limit: int, cursor: str | None) -> Page[ApiKey]:
        """Keys, the newest first, with those that are revoked or expired."""
        return self.keys.list_keys(limit, cursor)

    def last_used(self, keys: tuple[ApiKey, ...]) -> Mapping[str, datetime]:
        """When each was last used, to the minute."""
        return self.keys.last_used(tuple(key.key_id for key in keys))

    def revoke(self, key_id: str) -> tuple[ApiKey, ApiKey]:
        """End a key for good; the key before and after. NotFoundError."""
        key = self.keys.get(key_id)
        if key.revoked_at is not None:
            return key, key
        revoked = key.model_copy(update={"revoked_at": self.clock.now()})
        self.keys.replace(revoked)
        return key, revoked

    def _check(self, creator: Principal, asked: KeyRequest) -> None:
        if not 0 < len(asked.name) <= MAX_NAME_CHARACTERS or not asked.name.isprintable():
            raise RequestError(f"A name has 1 to {MAX_NAME_CHARACTERS} printable characters.", "name")
        if asked.user is not None and not re.fullmatch(NAME_PATTERN, asked.user):
            raise RequestError(NAME_RULE.format("user"), "user")
        if len(asked.groups) > MAX_GROUPS:
            raise RequestError(f"A key is in {MAX_GROUPS} groups at most.", "groups")
        for group in asked.groups:
            if not re.fullmatch(NAME_PATTERN, group):
                raise RequestError(NAME_RULE.format("group"), "groups")
        if asked.expires_at is not None and asked.expires_at <= self.clock.now():
            raise RequestError("The time that the key expires at has passed.", "expires_at")
        self._check_scopes(asked)
        if creator.scopes is not None and not set(asked.scopes or Permission) <= creator.scopes:
            raise ForbiddenError("A key with scopes makes keys with no more than its own scopes.")
        if creator.expires_at is not None and (
            asked.expires_at is None or asked.expires_at > creator.expires_at
        ):
            raise ForbiddenError(
                f"A key that expires makes keys that expire no later: at {creator.expires_at.isoformat()}."
            )

    def _check_scopes(self, asked: KeyRequest) -> None:
        """RequestError for scopes that would leave less than they say."""
        if asked.scopes is None:
            return
        if not asked.scopes:
            raise RequestError("A key without any scope may do nothing; null: all of its role's.", "scopes")
        beyond = sorted(set(asked.scopes) - PERMISSIONS[asked.role])
        if beyond:
            told = f"The role {asked.role.value} has no {', '.join(beyond)}: leave out what it lacks"
            raise RequestError(f"{told}, or choose a higher role.", "scopes")
