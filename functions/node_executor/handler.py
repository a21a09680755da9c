"""The entry point of the executors."""

from __future__ import annotations

from typing import Any

from functions.cold_start import build_models_when_used, without_collection

with without_collection():
    build_models_when_used()
    from aws_lambda_powertools.utilities.typing import LambdaContext

    import engine.runner  # noqa: F401 - what the root needs for the first task, as all others do
    from engine.json_value import JsonObject
    from engine.task import Task
    from functions.bootstrap import bootstrap
    from functions.telemetry import logger, metrics
    from functions.tracing import traced


@logger.inject_lambda_context(clear_state=True)
@traced
@metrics.log_metrics(raise_on_empty_metrics=False)
def handler(event: dict[str, Any], context: LambdaContext) -> JsonObject:
    """Run a task (see `engine.task`); what it raises is matched by name in the state machine."""
    task = Task.model_validate(event)
    logger.append_keys(
        execution_id=task.execution_id,
        workflow_id=task.workflow_id,
        node_id=",".join(task.nodes),
        item=task.item,
    )
    return bootstrap().runner.run(task).as_payload()
