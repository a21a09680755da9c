"""Records of executions that went, as the table's stream tells of them: deleted, or their time was over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.json_value import JsonObject
from engine.service.removal import ExecutionRemover
from functions.telemetry import logger

# What is gone when these are: the execution, and the mark that stood for it. As the filter in template.yaml.
WATCHED = frozenset({"META", "REMOVED"})


def clear_removed(records: Sequence[Mapping[str, Any]], remover: ExecutionRemover) -> JsonObject:
    """Clear up after each; Lambda delivers again from the first that failed."""
    failed: list[dict[str, str]] = []
    for record in records:
        keys = record["dynamodb"]["Keys"]
        execution_id = keys["execution_id"]["S"]
        if record["eventName"] != "REMOVE" or keys["sk"]["S"] not in WATCHED:
            continue
        try:
            remover.clear(execution_id)
            logger.info("execution removed", extra={"execution_id": execution_id})
        except Exception:  # noqa: BLE001 - reported by its number to the stream, which delivers it again
            # Whatever it is: this record comes again, the others of the batch do not wait for it.
            logger.exception("an execution was not cleared", extra={"execution_id": execution_id})
            failed.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return {"batchItemFailures": failed}
