"""Who sees what: what is not for somebody does not exist for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.access.api_key import MAX_GROUPS
from engine.access.audience import EVERYONE, Ownership
from engine.access.principal import Principal
from engine.access.recent import Recent
from engine.access.role import Role
from engine.errors import ForbiddenError, NotFoundError, RequestError
from engine.execution import Execution
from engine.ports import Clock, ExecutionStore, WorkflowStore

# How long a process trusts what it read of an ownership: what is shared no more is out of sight after that.
OWNERSHIP_CACHE_SECONDS = 5.0
# The workflow of an execution never changes; this bounds what is remembered of what expires.
EXECUTION_CACHE_SECONDS = 3_600.0


@dataclass(frozen=True)
class Belonging:
    """Of an execution: its workflow, and whose that was when it started."""

    workflow_id: str
    ownership: Ownership


@dataclass(frozen=True)
class VisibilityService:
    """Tells whether somebody sees a workflow or an execution. Administrators cost no read."""

    workflows: WorkflowStore
    executions: ExecutionStore
    clock: Clock
    _ownerships: Recent[tuple[Ownership | None]] = field(
        default_factory=lambda: Recent(OWNERSHIP_CACHE_SECONDS)
    )
    _belongings: Recent[Belonging] = field(default_factory=lambda: Recent(EXECUTION_CACHE_SECONDS))

    def require_workflow(self, principal: Principal, workflow_id: str) -> None:
        """NotFoundError unless they see it."""
        if principal.role is Role.ADMIN:
            return
        ownership = self._ownership(workflow_id)
        if ownership is None or not principal.sees(ownership):
            raise NotFoundError("workflow", workflow_id)

    def require_execution(self, principal: Principal, execution_id: str) -> None:
        """NotFoundError unless they see its workflow."""
        if principal.role is Role.ADMIN:
            return
        now = self.clock.now()
        found = self._belongings.get(execution_id, now)
        if found is None:
            found = _belonging(self.executions.get(execution_id))
            self._belongings.put(execution_id, found, now)
        if not self._sees(principal, found):
            raise NotFoundError("execution", execution_id)

    def visible(self, principal: Principal, executions: Iterable[Execution]) -> tuple[Execution, ...]:
        """Those of the executions that they see."""
        return tuple(
            execution
            for execution in executions
            if principal.role is Role.ADMIN or self._sees(principal, _belonging(execution))
        )

    def forget(self, workflow_id: str) -> None:
        """Read the workflow's ownership anew when it is asked for next."""
        self._ownerships.forget(workflow_id)

    def _sees(self, principal: Principal, belonging: Belonging) -> bool:
        """By the workflow as it belongs now; by what it was, once the workflow is deleted."""
        return principal.sees(self._ownership(belonging.workflow_id) or belonging.ownership)

    def _ownership(self, workflow_id: str) -> Ownership | None:
        now = self.clock.now()
        known = self._ownerships.get(workflow_id, now)
        if known is None:
            try:
                known = (self.workflows.get_head(workflow_id).ownership,)
            except NotFoundError:
                known = (None,)
            self._ownerships.put(workflow_id, known, now)
        return known[0]


def _belonging(execution: Execution) -> Belonging:
    return Belonging(execution.workflow_id, Ownership(execution.owner, execution.groups))


def check_sharing(principal: Principal, before: Ownership, after: Ownership) -> None:
    """ForbiddenError unless they may change who something belongs to from the one to the other.

    The owner shares with groups that they are in. Only administrators give away what is theirs or another's.
    """
    if len(after.groups) > MAX_GROUPS:
        raise RequestError(f"At most {MAX_GROUPS} groups.", "groups")
    if principal.role is Role.ADMIN:
        return
    if before.owner != principal.user:
        raise ForbiddenError("Only its owner, or an administrator, shares it.")
    if after.owner != before.owner:
        raise ForbiddenError("Only an administrator gives it to another owner.")
    strange = sorted(set(after.groups) - set(before.groups) - principal.groups - {EVERYONE})
    if strange:
        raise ForbiddenError(f"You are not in {', '.join(strange)}; share it with groups that you are in.")
