"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from engine.access.audience import Audience, Ownership
from engine.access.role import Permission, Role, permissions_of

# Sustained writes to one item: 1,000 a second
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html). A key's
# requests of one minute are counted on one item, so that the count is exact; this keeps it at half of that.
MAX_REQUESTS_PER_MINUTE = 30_000
MAX_EXECUTIONS_PER_DAY = 1_000_000
# The ids of what runs stand in one item, 29 bytes each: 6 KB, so 6 write units for a start.
MAX_CONCURRENT_EXECUTIONS = 200


@dataclass(frozen=True)
class Limits:
    """How much somebody may ask for; None: as much as they like."""

    requests_per_minute: int | None = None
    executions_per_day: int | None = None
    concurrent_executions: int | None = None


@dataclass(frozen=True)
class Principal:
    """Who asks, and what they may.

    ``subject`` is what limits are counted by and audit records name: ``key:<id>``, ``user:<user>`` or
    ``bootstrap``. ``user`` owns what is made; several keys may act for one user.
    """

    subject: str
    kind: Literal["key", "token", "bootstrap"]
    user: str
    role: Role
    name: str | None = None
    groups: frozenset[str] = frozenset()
    scopes: frozenset[Permission] | None = None
    expires_at: datetime | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do."""
        return permissions_of(self.role, self.scopes)

    @property
    def audience(self) -> Audience:
        """What they see: administrators see all."""
        return Audience(self.user, self.groups, self.role is Role.ADMIN)

    def sees(self, ownership: Ownership) -> bool:
        """Whether it is theirs, or shared with them, or they administer."""
        return self.audience.sees(ownership)
