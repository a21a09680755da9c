"""The entry point of the ends of executions, heard and unheard, and of their removal.

Standard ones by Step Functions' status-change event: StopExecution, timeouts and histories that overflow run
no Catch, so only the event sees every end. Express ones, of which no event tells, by the last Task of their
machine. Of removals the table's stream tells.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.cold_start import build_models_when_used, without_collection

with without_collection():
    build_models_when_used()
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from engine.errors import NotFoundError
    from engine.execution import ExecutionStatus
    from engine.json_value import JsonObject
    from engine.machine import MachineExecution
    from engine.service.express import told_end
    from engine.task import FinishTask
    from functions.bootstrap import bootstrap
    from functions.execution_events.removals import clear_removed
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
    """End the execution that the event is about, or those that hang; or clear up after those that are gone.

    An event about someone else's is let go.
    """
    root = bootstrap()
    if "Records" in event:
        return clear_removed(event["Records"], root.execution_remover)
    if event.get("sweep") == "stuck":
        return {"stuck": [execution.execution_id for execution in root.stuck_sweep.sweep()]}
    if event.get("step") == "finish":
        task = FinishTask.model_validate(event)
        execution_id, ended = task.execution_id, told_end(task, root.clock.now())
    else:
        execution_id, ended = str(event["detail"]["name"]), read_event(event["detail"])
    logger.append_keys(execution_id=execution_id, status=ended.status)
    try:
        finished = root.event_finisher.finish(execution_id, ended)
    except NotFoundError:
        logger.warning("the execution is not ours")
        return {"finished": False}
    logger.info("execution ended")
    return {"finished": finished}
