"""Roles and the permissions that they give. Each role has all that the one before it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Roles in order: one of a higher rank may do all that one of a lower may."""
        return list(Role).index(self)


class Permission(StrEnum):
    """What can be allowed, and what a key's scopes name."""

    CATALOGUE_READ = "catalogue:read"
    WORKFLOWS_READ = "workflows:read"
    WORKFLOWS_WRITE = "workflows:write"
    EXECUTIONS_READ = "executions:read"
    EXECUTIONS_RUN = "executions:run"
    EXECUTIONS_DELETE = "executions:delete"
    CREDENTIALS_READ = "credentials:read"
    CREDENTIALS_WRITE = "credentials:write"
    METRICS_READ = "metrics:read"
    CACHE_READ = "cache:read"
    CACHE_CLEAR = "cache:clear"
    KEYS_MANAGE = "keys:manage"
    AUDIT_READ = "audit:read"
    ADMINISTER = "administer"


_VIEWER = frozenset(
    {
        Permission.CATALOGUE_READ,
        Permission.WORKFLOWS_READ,
        Permission.EXECUTIONS_READ,
        Permission.METRICS_READ,
        Permission.CACHE_READ,
    }
)
_OPERATOR = _VIEWER | {Permission.EXECUTIONS_RUN, Permission.CREDENTIALS_READ}
_EDITOR = _OPERATOR | {
    Permission.WORKFLOWS_WRITE,
    Permission.EXECUTIONS_DELETE,
    Permission.CREDENTIALS_WRITE,
}
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: frozenset(Permission),
}


def permissions_of(role: Role, scopes: Iterable[Permission] | None = None) -> frozenset[Permission]:
    """What the role gives, narrowed to the scopes; None narrows nothing."""
    given = PERMISSIONS[role]
    return given if scopes is None else given & frozenset(scopes)


def highest_role(names: Iterable[str], prefix: str) -> Role | None:
    """The highest role among names that spell one behind the prefix; None where there is none."""
    found = [role for role in Role if f"{prefix}{role.value}" in set(names)]
    return max(found, key=lambda role: role.rank) if found else None
