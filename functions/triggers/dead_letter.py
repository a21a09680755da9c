"""Messages in the dead-letter queue: from Lambda, whose retries were spent, or from the scheduler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.json_value import JsonObject, JsonValue


@dataclass(frozen=True)
class DeadLetter:
    """Which trigger (``workflow_id``, ``trigger_id``), which event, and what went wrong."""

    address: dict[str, str]
    event: JsonValue
    message: str


def read_dead_letter(record: dict[str, Any]) -> DeadLetter:
    """The letter in a message of SQS; KeyError or ValueError for what is none.

    Lambda wraps what it was given
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html); the scheduler sends
    it bare, with the error in attributes.
    """
    body: JsonObject = json.loads(record["body"])
    if "requestPayload" in body:
        payload, told = body["requestPayload"], body.get("responsePayload") or {}
        message = str(told.get("errorMessage") or "the function that starts executions failed")
    else:
        payload, attributes = body, record.get("messageAttributes") or {}
        message = str(attributes.get("ERROR_MESSAGE", {}).get("stringValue") or "it could not be delivered")
    address = payload["trigger"]
    wanted = {"workflow_id": str(address["workflow_id"]), "trigger_id": str(address["trigger_id"])}
    return DeadLetter(wanted, payload["event"], message)
