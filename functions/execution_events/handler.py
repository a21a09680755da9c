"""The entry point of Step Functions' status-change events.

StopExecution, timeouts and histories that overflow run no Catch, so only the event sees every end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.cold_start import without_collection

with without_collection():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from engine.errors import NotFoundError
    from engine.execution import ExecutionStatus
    from engine.json_value import JsonObject
    from engine.machine import MachineExecution
    from functions.bootstrap import bootstrap
    from functions.telemetry import logger, metrics
    from functions.tracing import traced


def read_event(detail: JsonObject) -> MachineExecution:
    """What the event says; times in it are milliseconds since 1970."""
    started, ended = detail.get("startDate"), detail.get("stopDate")
    return MachineExecution(
        status=ExecutionStatus(str(detail["status"]).lower()),
        started_at=datetime.fromtimestamp((started or 0) / 1000, UTC),
        ended_at=datetime.fromtimestamp(ended / 1000, UTC) if ended else None,
        error=detail.get("error"),
        cause=detail.get("cause"),
    )


@logger.inject_lambda_context(clear_state=True)
@traced
@metrics.log_metrics(raise_on_empty_metrics=False)
def handler(event: dict[str, Any], context: LambdaContext) -> JsonObject:
    """End the execution that the event is about; an event about someone else's is let go."""
    detail = event["detail"]
    execution_id = str(detail["name"])
    logger.append_keys(execution_id=execution_id, status=detail["status"])
    try:
        finished = bootstrap().finisher.finish(execution_id, read_event(detail))
    except NotFoundError:
        logger.warning("the execution is not ours")
        return {"finished": False}
    logger.info("execution ended")
    return {"finished": finished}
