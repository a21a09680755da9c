"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query

from engine.access.audit import AuditFilter, Outcome
from engine.errors import RequestError
from functions.api.access_view import AuditList
from functions.api.paging import AFTER, BEFORE, Cursor, Limit
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("access")


def _text(description: str) -> Any:
    return Query(max_length=300, description=description)


@router.get("/audit")
def list_audit_records(
    services: Annotated[Services, Depends(get_services)],
    actor: Annotated[str | None, _text("Who did it: `key:…`, `user:…`, `anonymous`, and others.")] = None,
    user: Annotated[str | None, _text("Whose key or token it was.")] = None,
    action: Annotated[str | None, _text("An action, or a family such as `workflow.`.")] = None,
    target: Annotated[str | None, _text("What it was done to, as `workflow:wf_…` or `credential:…`.")] = None,
    outcome: Annotated[Outcome | None, Query(description="What was done, or what was refused.")] = None,
    after: Annotated[datetime | None, Query(description=AFTER)] = None,
    before: Annotated[datetime | None, Query(description=BEFORE)] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> AuditList:
    """Who did what to what, newest first: changes, refused sign-ins, uses of credentials."""
    for name, value in (("after", after), ("before", before)):
        if value is not None and value.tzinfo is None:
            raise RequestError(f"{name} needs a time zone, such as 2026-01-31T12:00:00Z.", name)
    wanted = AuditFilter(
        actor=actor, user=user, action=action, target=target, outcome=outcome, after=after, before=before
    )
    page = services.audit.list_records(wanted, limit, cursor)
    return AuditList(items=list(page.items), cursor=page.cursor)
