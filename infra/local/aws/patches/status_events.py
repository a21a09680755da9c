"""Defect: status-change events lack the error of what did not simply fail, and the version that ran.

MiniStack fills ``error`` and ``cause`` for FAILED alone and never names a version. The event's shape is
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

MAX_EVENT_PAYLOAD_BYTES = 248 * 1024
"""Larger inputs and outputs are left out of the event; ``included`` then is false."""

_logger = logging.getLogger(__name__)


def status_detail(execution: dict[str, Any]) -> dict[str, Any]:
    """Return the ``detail`` of the event that tells the execution's present status."""
    from ministack.services.stepfunctions import _iso_to_epoch_ms

    status = execution["status"]
    is_redrivable = status in ("FAILED", "TIMED_OUT", "ABORTED")
    given_input, input_details = _payload(execution.get("input"))
    output, output_details = _payload(execution.get("output") if status == "SUCCEEDED" else None)
    return {
        "executionArn": execution["executionArn"],
        "stateMachineArn": execution["stateMachineArn"],
        "name": execution["name"],
        "status": status,
        "startDate": _iso_to_epoch_ms(execution.get("startDate")),
        "stopDate": _iso_to_epoch_ms(execution.get("stopDate")),
        "input": given_input,
        "inputDetails": input_details,
        "output": output,
        "outputDetails": output_details,
        "stateMachineVersionArn": execution.get("stateMachineVersionArn"),
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if is_redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": (None if is_redrivable else f"Execution is {status} and cannot be redriven"),
        "error": execution.get("error") if is_redrivable else None,
        "cause": execution.get("cause") if is_redrivable else None,
    }


def _payload(text: str | None) -> tuple[str | None, dict[str, bool] | None]:
    if text is None:
        return None, None
    is_included = len(json.dumps(text)) <= MAX_EVENT_PAYLOAD_BYTES
    return (text if is_included else None), {"included": is_included}


def _make(_original: Any) -> Any:
    def emit(execution: dict[str, Any]) -> None:
        from ministack.services import eventbridge

        if execution.get("sync"):
            return  # Express workflows send no status events
        entry = {
            "Source": "aws.states",
            "DetailType": "Step Functions Execution Status Change",
            "Detail": json.dumps(status_detail(execution)),
            "Resources": [execution["executionArn"]],
        }
        try:
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
        except Exception:  # delivery is best effort on AWS too; an event never fails its execution
            _logger.exception("status event of %s was not sent", execution["executionArn"])

    return emit


def _replacements() -> Iterator[Replacement]:
    from ministack.services import stepfunctions

    yield Replacement(stepfunctions, "_emit_execution_status_event", _make)


PATCH = Patch("aws.status_events", _replacements)
