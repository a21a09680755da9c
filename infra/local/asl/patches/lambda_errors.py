"""Defect: errors of the Lambda service lose their name when the task's resource is a function ARN.

moto names every one of them "Exception"; AWS reports ``Lambda.TooManyRequestsException``,
``Lambda.ResourceNotFoundException``, …, which retriers match by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName

    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = original(self, env, ex)
        if isinstance(ex, ClientError):
            name = f"Lambda.{ex.response['Error']['Code']}"
            event.error_name = CustomErrorName(name)
            event.event_details["lambdaFunctionFailedEventDetails"]["error"] = name
        return event

    return from_error


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import (
        StateTaskLambda,
    )

    yield Replacement(StateTaskLambda, "_from_error", _make)


PATCH = Patch("asl.lambda_errors", _replacements)
