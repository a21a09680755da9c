"""Defect: the interpreter waits in whole seconds of real time, and a retry's wait cannot be stopped.

moto rounds a Wait down to whole seconds (half a second would wait for ever) and sleeps between retries even
when the execution was stopped. Both wait here in the execution's own time, until it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.asl.run_settings import wait_scaled
from infra.local.patch import Patch, Replacement


def _wait(_original: Any) -> Any:
    def wait_interval(_self: Any, env: Any, wait_seconds: float) -> None:
        wait_scaled(env, wait_seconds)

    return wait_interval


def _retry(original: Any) -> Any:
    def eval_body(self: Any, env: Any) -> None:
        original(self, env)
        wait_scaled(env, env.stack.pop())
        env.stack.append(0.0)  # what is left for the interpreter to sleep

    return eval_body


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.common.retry.jitter_strategy_decl import JitterStrategyDecl
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

    yield Replacement(WaitFunction, "_wait_interval", _wait)
    yield Replacement(JitterStrategyDecl, "_eval_body", _retry)  # the last step before the sleep


PATCH = Patch("asl.time_scale", _replacements)
