"""The audit trail: what was done, what was refused, which credentials were used."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.access.audit import AuditFilter, AuditRecord, Outcome
from engine.access.ports import AuditStore
from engine.access.principal import Principal
from engine.access.recent import Recent
from engine.approval import Approval, Decision
from engine.execution import Execution
from engine.json_value import JsonObject
from engine.ports import Clock, Page, WorkflowHead

# A process records refused sign-ins of one address for one reason once in this time: who guesses keys must
# not be able to fill the table.
FAILURE_SECONDS = 60.0
# One execution uses a credential in one node: recorded once, also when the node runs for 10,000 items.
USE_SECONDS = 3_600.0
MAX_DETAIL_CHARACTERS = 500


@dataclass(frozen=True)
class AuditService:
    """Writes and lists audit records. Whoever calls hands in no secret: names, ids, counts."""

    records: AuditStore
    clock: Clock
    _failures: Recent[bool] = field(default_factory=lambda: Recent(FAILURE_SECONDS))
    _uses: Recent[bool] = field(default_factory=lambda: Recent(USE_SECONDS, most=10_000))

    def record(
        self,
        principal: Principal,
        action: str,
        target: str | None,
        *,
        outcome: Outcome = "done",
        source: str | None = None,
        before: JsonObject | None = None,
        after: JsonObject | None = None,
        detail: str | None = None,
    ) -> None:
        """Record what somebody did, or was refused."""
        self._append(
            actor=principal.subject,
            user=principal.user,
            action=action,
            target=target,
            outcome=outcome,
            source=source,
            before=before,
            after=after,
            detail=detail[:MAX_DETAIL_CHARACTERS] if detail else None,
        )

    def record_failed_sign_in(self, source: str | None, detail: str) -> None:
        """Record that somebody was not let in, once a minute for an address and a reason."""
        now = self.clock.now()
        if self._failures.get((source, detail), now) is None:
            self._failures.put((source, detail), True, now)
            self._append(
                actor="anonymous",
                action="sign_in.fail",
                outcome="refused",
                source=source,
                detail=detail[:MAX_DETAIL_CHARACTERS],
            )

    def record_credential_use(self, execution: Execution, node_id: str, credential: str) -> None:
        """Record that a node is about to get a credential; before it gets it."""
        now = self.clock.now()
        use = (execution.execution_id, node_id, credential)
        if self._uses.get(use, now) is None:
            self._append(
                actor=f"execution:{execution.execution_id}",
                user=execution.owner,
                action="credential.use",
                target=f"credential:{credential}",
                after={
                    "workflow_id": execution.workflow_id,
                    "version": execution.version,
                    "node": node_id,
                    "started_by": execution.started_by,
                },
            )
            self._uses.put(use, True, now)

    def record_decision(self, approval: Approval, decision: Decision, source: str | None) -> None:
        """Record that somebody with a link answered a question; what they filled in stands in the result."""
        self._append(
            actor=f"approval:{approval.approval_id}",
            action=f"approval.{'approve' if decision.outcome == 'approved' else 'reject'}",
            target=f"execution:{approval.execution_id}",
            source=source,
            after={"node": approval.node_id, "item": approval.item, "by": decision.by},
        )

    def record_trigger_use(self, trigger_id: str, workflow: WorkflowHead, credential: str) -> None:
        """Record that a trigger gets a credential to check a request with, once an hour."""
        now = self.clock.now()
        use = (trigger_id, credential)
        if self._uses.get(use, now) is None:
            self._append(
                actor=f"trigger:{trigger_id}",
                user=workflow.ownership.owner,
                action="credential.use",
                target=f"credential:{credential}",
                after={"workflow_id": workflow.workflow_id},
            )
            self._uses.put(use, True, now)

    def list_records(self, wanted: AuditFilter, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """Records, the newest first."""
        return self.records.list_records(wanted, limit, cursor)

    def _append(self, **fields: object) -> None:
        record = {"audit_id": self.clock.new_id("au"), "at": self.clock.now(), **fields}
        self.records.append(AuditRecord.model_validate(record))
