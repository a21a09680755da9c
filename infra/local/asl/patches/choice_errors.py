"""Defect: a Choice without a match and without Default fails with States.Runtime.

AWS reports States.NoChoiceMatched; moto raises a bare RuntimeError, whose name is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _no_choice_matched(state: Any, env: Any) -> Exception:
    from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name import failure_event as failures
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    error = "States.NoChoiceMatched"
    cause = f"No choice rule matched and no Default is given in state '{state.name}'"
    details = EventDetails(executionFailedEventDetails=ExecutionFailedEventDetails(error=error, cause=cause))
    failure = failures.FailureEvent(
        env=env,
        error_name=StatesErrorName.from_name(error),
        event_type=HistoryEventType.ExecutionFailed,
        event_details=details,
    )
    exception: Exception = failures.FailureEventException(failure)
    return exception


def _make(original: Any) -> Any:
    def eval_state(self: Any, env: Any) -> None:
        try:
            original(self, env)
        except RuntimeError as error:
            if "No branching option" not in str(error):
                raise
            raise _no_choice_matched(self, env) from error

    return eval_state


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice

    yield Replacement(StateChoice, "_eval_state", _make)


PATCH = Patch("asl.choice_errors", _replacements)
