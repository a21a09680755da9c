"""Defect: an execution started by a version does not say so, and describes the newest definition as its own.

DescribeExecution has no ``stateMachineVersionArn``; DescribeStateMachineForExecution shows what the machine
became.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _add(original: Any, fields: dict[str, str]) -> Any:
    """Add to the answer what the execution's record holds under the given names."""
    from ministack.core.responses import json_response
    from ministack.services import stepfunctions

    def describe(data: dict[str, Any]) -> Any:
        status, headers, body = original(data)
        if status != 200:
            return status, headers, body
        execution = stepfunctions._executions[data["executionArn"]]
        known = {shown: execution[kept] for shown, kept in fields.items() if execution.get(kept)}
        return json_response({**json.loads(body), **known})

    return describe


def _replacements() -> Iterator[Replacement]:
    from ministack.services import stepfunctions

    version = {"stateMachineVersionArn": "stateMachineVersionArn"}
    yield Replacement(stepfunctions, "_describe_execution", lambda original: _add(original, version))
    yield Replacement(
        stepfunctions,
        "_describe_state_machine_for_execution",
        lambda original: _add(original, {"definition": "definition"}),
    )


PATCH = Patch("aws.execution_details", _replacements)
