"""Defect: a worker of a Map calls itself once for each item and dies after about 950 of them.

With MaxConcurrency 1, a Map of 1,000 items ends in a RecursionError. Here the call that would recurse is
taken down as the next step of a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    def eval_pool(self: Any, job: Any, worker_frame: Any) -> None:
        if getattr(self, "_is_in_loop", False):
            self._next_step = (job, worker_frame)
            return
        self._is_in_loop = True
        self._next_step = (job, worker_frame)
        while self._next_step is not None:
            job, worker_frame = self._next_step
            self._next_step = None
            original(self, job, worker_frame)

    return eval_pool


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
        distributed_item_processor_worker,
    )

    yield Replacement(iteration_worker.IterationWorker, "_eval_pool", _make)
    yield Replacement(distributed_item_processor_worker.DistributedItemProcessorWorker, "_eval_pool", _make)


PATCH = Patch("asl.map_recursion", _replacements)
