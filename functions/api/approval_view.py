"""What a waiting node asks, as its node run shows it."""

from __future__ import annotations

from engine.access.principal import Principal
from engine.access.role import Permission
from engine.approval import APPROVAL_PREFIX
from engine.errors import NotFoundError
from engine.execution import NodeRun, NodeStatus
from functions.api.execution_view import PendingApproval
from functions.api.services import Services


def pending_approval(services: Services, principal: Principal, run: NodeRun | None) -> PendingApproval | None:
    """The question of a node run that waits for an answer; its links for those who may run executions."""
    if (
        run is None
        or run.status is not NodeStatus.WAITING
        or not (run.wake or "").startswith(APPROVAL_PREFIX)
    ):
        return None
    try:
        approval = services.approvals.executions.get_approval(run.execution_id, run.wake or "")
    except NotFoundError:
        return None
    links = None
    if Permission.EXECUTIONS_RUN in principal.permissions:
        links = services.approvals.signer.links(approval)
    return PendingApproval(
        title=approval.title,
        message=approval.message,
        form=approval.form,
        asked_at=approval.asked_at,
        expires_at=approval.expires_at,
        approve_url=links.approve_url if links else None,
        reject_url=links.reject_url if links else None,
    )
