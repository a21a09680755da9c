"""Defect: a branch or Map item that fails with a ``States.…`` error breaks the interpreter.

moto wraps the failed branch's error name in CustomErrorName, which refuses names that begin with ``States.``;
the execution then ends with States.Runtime, and a Retry or Catch of the Parallel state on States.Timeout
never matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _error_name_of(custom: Any) -> Any:
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName

    def error_name(error_name: str | None) -> Any:
        if error_name is None or not error_name.startswith("States."):
            return custom(error_name=error_name)
        try:
            return StatesErrorName.from_name(error_name)
        except ValueError:  # a name AWS has not reserved: keep it, matched by equality
            name = custom(error_name=None)
            name.error_name = error_name
            return name

    return error_name


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
    from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_lambda
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback,
        state_task_service_lambda,
    )

    for module in (
        branches_decl,
        iteration_worker,
        state_task_lambda,
        state_task_service_callback,
        state_task_service_lambda,
    ):
        yield Replacement(module, "CustomErrorName", _error_name_of)


PATCH = Patch("asl.branch_errors", _replacements)
