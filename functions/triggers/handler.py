"""The entry point of triggers: HTTP requests to webhooks, deliveries of EventBridge, and what they left."""

from __future__ import annotations

from typing import Any

from functions.cold_start import build_models_when_used, without_collection

with without_collection():
    build_models_when_used()
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from engine.json_value import JsonObject
    from functions.bootstrap import bootstrap
    from functions.telemetry import logger, metrics
    from functions.trace_context import begin_trace
    from functions.tracing import traced
    from functions.triggers.dead_letter import read_dead_letter
    from functions.triggers.http_event import read_request, write_answer


@logger.inject_lambda_context(clear_state=True)
@traced
@metrics.log_metrics(raise_on_empty_metrics=False)
def handler(event: dict[str, Any], context: LambdaContext) -> JsonObject:
    """Answer a webhook's request, fire a trigger, or keep deliveries that failed for good."""
    if "rawPath" in event:
        request = read_request(event)
        trace = begin_trace(request.headers.get("traceparent"))
        logger.append_keys(trace_id=trace.trace_id)
        answer = bootstrap().webhook_service.answer(request)
        logger.info("webhook answered", extra={"status": answer.status})
        return write_answer(answer, event["rawPath"], trace)
    if "Records" in event:
        return _keep_dead_letters(event["Records"])
    logger.append_keys(trace_id=begin_trace(None).trace_id)
    address = event["trigger"]
    logger.append_keys(workflow_id=address["workflow_id"], trigger_id=address["trigger_id"])
    execution = bootstrap().trigger_firer.fire(**address, event=event["event"])
    return {"execution_id": execution.execution_id if execution else None}


def _keep_dead_letters(records: list[dict[str, Any]]) -> JsonObject:
    """Record each; those that cannot be recorded stay in the queue."""
    failed: list[dict[str, str]] = []
    for record in records:
        try:
            letter = read_dead_letter(record)
            bootstrap().trigger_firer.give_up(**letter.address, event=letter.event, message=letter.message)
        except Exception:  # noqa: BLE001 - reported by name to the queue, which keeps the message
            # Whatever it is: this message stays, the others of the batch do not wait for it.
            logger.exception("a dead letter was not recorded")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
