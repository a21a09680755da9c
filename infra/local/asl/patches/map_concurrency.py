"""Defect: an inline Map without MaxConcurrency runs all its items at once.

AWS runs at most 40 iterations of an inline Map at a time
(https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html); moto starts a thread for every
item, which also brings a laptop down.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

MAX_INLINE_ITERATIONS = 40


def _make(original: Any) -> Any:
    def eval_body(self: Any, env: Any) -> None:
        iteration = env.stack[-1]
        wanted = iteration.max_concurrency or MAX_INLINE_ITERATIONS
        iteration.max_concurrency = min(wanted, MAX_INLINE_ITERATIONS, len(iteration.input_items))
        original(self, env)

    return eval_body


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        inline_iteration_component,
    )

    yield Replacement(inline_iteration_component.InlineIterationComponent, "_eval_body", _make)


PATCH = Patch("asl.map_concurrency", _replacements)
