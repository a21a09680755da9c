"""Defect: CreateStateMachine and UpdateStateMachine accept definitions that AWS refuses.

Unknown targets, states nobody reaches, machines without an end and plain syntax errors only show when they
run; AWS answers InvalidDefinition at once. ValidateStateMachineDefinition likewise finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.asl.validation import definition_problems
from infra.local.patch import Patch, Replacement

MAX_DEFINITION_BYTES = 1024 * 1024
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

_SHOWN_PROBLEMS = 5


def _problems(definition: str, machine_type: str = "STANDARD") -> list[str]:
    if len(definition.encode()) > MAX_DEFINITION_BYTES:
        return [f"DEFINITION_TOO_LONG: The definition exceeds {MAX_DEFINITION_BYTES} bytes"]
    return definition_problems(definition, machine_type)


def _type_of(data: dict[str, Any]) -> str:
    """The type asked for, or that of the machine that is updated."""
    from ministack.services import stepfunctions

    standing = stepfunctions._state_machines.get(data.get("stateMachineArn")) or {}
    return str(data.get("type") or standing.get("type") or "STANDARD")


def _checked(original: Any) -> Any:
    from ministack.core.responses import error_response_json

    def create_or_update(data: dict[str, Any]) -> Any:
        definition = data.get("definition")
        problems = _problems(definition, _type_of(data)) if definition is not None else []
        if problems:
            shown = "; ".join(problems[:_SHOWN_PROBLEMS])
            message = f"Invalid State Machine Definition: '{shown}'"
            return error_response_json("InvalidDefinition", message, 400)
        return original(data)

    return create_or_update


def _validate(_original: Any) -> Any:
    from ministack.core.responses import json_response

    def validate(data: dict[str, Any]) -> Any:
        problems = _problems(data.get("definition") or "", _type_of(data))
        diagnostics = [
            {"severity": "ERROR", "code": code, "message": message.strip()}
            for code, _, message in (problem.partition(":") for problem in problems)
        ]
        return json_response(
            {"result": "FAIL" if problems else "OK", "diagnostics": diagnostics, "truncated": False}
        )

    return validate


def _replacements() -> Iterator[Replacement]:
    from ministack.services import stepfunctions

    yield Replacement(stepfunctions, "_create_state_machine", _checked)
    yield Replacement(stepfunctions, "_update_state_machine", _checked)
    yield Replacement(stepfunctions, "_validate_state_machine_definition", _validate)


PATCH = Patch("aws.definition_checks", _replacements)
