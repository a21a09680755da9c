"""Idempotency-Keys: the same request with the same key starts one execution."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.errors import ConflictError, NotFoundError, RequestError
from engine.execution import Execution
from engine.json_value import digest
from engine.ports import ExecutionStore, IdempotencyMark
from engine.service.start_request import StartRequest

# A key is remembered for a day, as Stripe does (https://docs.stripe.com/api/idempotent_requests).
IDEMPOTENCY_HOURS = 24
MAX_IDEMPOTENCY_KEY_CHARACTERS = 255


def mark_request(
    request: StartRequest, execution_id: str, executions: ExecutionStore, now: datetime
) -> tuple[str, Execution | None]:
    """The execution id that the request's key stands for, and the execution if it was started before.

    RequestError for a key that was used for another request; ConflictError where the execution was deleted.
    """
    key = request.idempotency_key or ""
    if not 0 < len(key) <= MAX_IDEMPOTENCY_KEY_CHARACTERS:
        raise RequestError(
            f"An Idempotency-Key has 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} characters.", "Idempotency-Key"
        )
    asked = request.fingerprint()
    # What executions ask for stands apart from the keys of users, who could take them beforehand.
    scope = [request.workflow_id, key] if request.parent is None else ["parent", request.workflow_id, key]
    standing = executions.mark_idempotency(
        digest(scope), IdempotencyMark(asked, execution_id), now + timedelta(hours=IDEMPOTENCY_HOURS)
    )
    if standing.request_digest != asked and request.parent is None:
        raise RequestError(
            "This Idempotency-Key was used for another request; use a new one.", "Idempotency-Key"
        )
    try:
        return standing.execution_id, executions.get(standing.execution_id)
    except NotFoundError:
        if standing.execution_id != execution_id and executions.was_removed(standing.execution_id):
            raise ConflictError(
                f"Execution '{standing.execution_id}', which this Idempotency-Key started, was deleted. "
                "Use a new key to run it once more."
            ) from None
        return standing.execution_id, None
