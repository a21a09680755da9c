"""Credentials: stored by name; a value that went in never comes out of here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.access.audience import Ownership
from engine.access.principal import Principal
from engine.access.role import Role
from engine.errors import ConflictError, ForbiddenError, NotFoundError, RequestError
from engine.ports import Clock, CredentialInfo, CredentialStore, Page
from engine.service.visibility import check_sharing

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
        self,
        principal: Principal,
        name: str,
        kind: str,
        values: Mapping[str, str],
        description: str | None,
    ) -> tuple[CredentialInfo, CredentialInfo | None]:
        """Create or replace; what may be shown of it, and of the one that it replaced.

        RequestError names the field; NotFoundError for a name that someone else has; ForbiddenError for one
        that someone else shares.
        """
        self._check(name, kind, values)
        now = self.clock.now()
        info = CredentialInfo(
            name, kind, tuple(sorted(values)), now, now, description, Ownership(principal.user)
        )
        before = self._standing(name)
        if before is not None:
            self._require_own(principal, before)
            info = replace(info, created_at=before.created_at, ownership=before.ownership)
        try:
            self.credentials.put(info, values)
        except ConflictError:
            # Someone made it meanwhile.
            raise _hidden(name) from None
        return info, before

    def info(self, principal: Principal, name: str) -> CredentialInfo:
        """What may be shown; NotFoundError, also for one that they do not see."""
        info = self.credentials.info(name)
        if not principal.sees(info.ownership):
            raise NotFoundError("credential", name)
        return info

    def list_infos(self, principal: Principal, limit: int, cursor: str | None) -> Page[CredentialInfo]:
        """Those that they see, by name."""
        return self.credentials.list_infos(limit, cursor, principal.audience)

    def share(
        self, principal: Principal, name: str, wanted: Ownership
    ) -> tuple[CredentialInfo, CredentialInfo]:
        """Change whose it is; what may be shown before and after. NotFoundError, ForbiddenError."""
        before = self.info(principal, name)
        check_sharing(principal, before.ownership, wanted)
        return before, self.credentials.set_ownership(name, wanted)

    def delete(self, principal: Principal, name: str) -> CredentialInfo:
        """Forget it; what it was. NotFoundError, ForbiddenError."""
        info = self.info(principal, name)
        self._require_own(principal, info)
        self.credentials.delete(name)
        return info

    def _standing(self, name: str) -> CredentialInfo | None:
        try:
            return self.credentials.info(name)
        except NotFoundError:
            return None

    def _require_own(self, principal: Principal, info: CredentialInfo) -> None:
        if not principal.sees(info.ownership):
            raise _hidden(info.name)
        if principal.role is not Role.ADMIN and info.ownership.owner != principal.user:
            raise ForbiddenError(
                f"The credential '{info.name}' is shared with you; only its owner changes it."
            )

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


def _hidden(name: str) -> NotFoundError:
    """What somebody is told who asks for a name that is another's."""
    return NotFoundError("credential of yours named", name, "; the name is taken, choose another.")
