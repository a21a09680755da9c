"""Defect: all attempts of a task share one token, which is still answered when nobody waits for it any more.

AWS makes a token for each attempt and refuses one whose attempt has ended. moto makes one for the state: a
retry finds the answer of the attempt before it, and fails with it at once; and a token whose call failed, or
whose branch was ended by a sibling, is taken as waiting until the execution ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _waits_for_token(state: Any) -> bool:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callback,
    )

    return (
        isinstance(state, callback.StateTaskServiceCallback)
        and state.resource.condition == callback.ResourceCondition.WaitForTaskToken
    )


def _make(original: Any) -> Any:
    def evaluate(self: Any, env: Any) -> None:
        if not _waits_for_token(self):
            original(self, env)
            return
        context = env.states.context_object
        if context.context_object_data["State"]["RetryCount"]:
            env.callback_pool_manager.add(context.update_task_token())
        token = context.context_object_data["Task"]["Token"]
        try:
            original(self, env)
        finally:
            env.callback_pool_manager.get(token).interrupt_all()

    return evaluate


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState

    yield Replacement(ExecutionState, "_evaluate_with_timeout", _make)


PATCH = Patch("asl.task_tokens", _replacements)
