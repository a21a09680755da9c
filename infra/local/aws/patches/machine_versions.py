"""Defect: a deleted state machine leaves its versions behind, and starting one of them is an internal error.

DeleteStateMachine deletes the versions too; StartExecution then says StateMachineDoesNotExist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _delete_versions_too(original: Any) -> Any:
    from ministack.services import stepfunctions

    def delete(data: dict[str, Any]) -> Any:
        versions = stepfunctions._state_machine_versions
        machine = data.get("stateMachineArn")
        for arn in [arn for arn, version in versions.items() if version["stateMachineArn"] == machine]:
            del versions[arn]
        return original(data)

    return delete


def _replacements() -> Iterator[Replacement]:
    from ministack.services import stepfunctions

    yield Replacement(stepfunctions, "_delete_state_machine", _delete_versions_too)


PATCH = Patch("aws.machine_versions", _replacements)
