"""What belongs to whom, who sees it, and which credentials a workflow may use."""

from __future__ import annotations

from dataclasses import dataclass

# The group that everybody is in: what is shared with it, all see.
EVERYONE = "everyone"


@dataclass(frozen=True)
class Ownership:
    """Whose something is, and which groups it is shared with. Without an owner it is the administrators'."""

    owner: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audience:
    """Somebody who looks: a user with groups, or with ``sees_all`` an administrator."""

    user: str
    groups: frozenset[str] = frozenset()
    sees_all: bool = False

    def sees(self, ownership: Ownership) -> bool:
        """Whether it is theirs, or shared with one of their groups."""
        return (
            self.sees_all
            or ownership.owner == self.user
            or any(group == EVERYONE or group in self.groups for group in ownership.groups)
        )


def may_use(workflow: Ownership, other: Ownership) -> bool:
    """Whether nodes of the workflow may use something: a credential, or another workflow.

    They may when both have one owner, or are shared with one group, or the other is shared with
    everyone. A workflow comes to a group only through somebody who is in it.
    """
    if workflow.owner == other.owner or EVERYONE in other.groups:
        return True
    return bool(set(workflow.groups) & set(other.groups) - {EVERYONE})
