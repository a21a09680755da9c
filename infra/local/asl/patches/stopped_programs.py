"""Defect: a branch that is stopped between two states fails instead of ending.

When a sibling has failed, or the execution was stopped, moto raises RuntimeError where the next state is
noted down: in the branch's thread before its first state, and as States.Runtime in the place of the stop
later on. Nothing follows a stop, so there is nothing to note down: the loop over states ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _next_state_name(original: Any) -> Any:
    def set_next_state_name(env: Any, name: str) -> None:
        try:
            original.fset(env, name)
        except RuntimeError:
            if env.is_running():
                raise

    return property(original.fget, set_next_state_name)


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    yield Replacement(Environment, "next_state_name", _next_state_name)


PATCH = Patch("asl.stopped_programs", _replacements)
