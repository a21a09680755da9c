"""Defect: a Distributed Map starts a thread for each child that may run at once, and keeps all their events.

MaxConcurrency may be 10,000, which brings a laptop down. Here so many children run at a time as a laptop
bears. What happens in a child stands in the child's history in AWS, which nobody can ask for here, so it is
not kept: 10,000 children would write some 60,000 events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

MAX_CHILDREN = 64


def _make(original: Any) -> Any:
    def map_run(self: Any, env: Any, eval_input: Any) -> None:
        record = eval_input.map_run_record
        wanted = record.max_concurrency
        # 0 stands for no bound, and moto then starts as many workers as there are items.
        record.max_concurrency = min(wanted or MAX_CHILDREN, MAX_CHILDREN, len(env.stack[-1]) or 1)
        env.event_manager._publish_history_event = _forget
        try:
            original(self, env, eval_input)
        finally:
            record.max_concurrency = wanted

    return map_run


def _forget(**_event: Any) -> None:
    """Keep nothing."""


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
        distributed_iteration_component,
    )

    yield Replacement(distributed_iteration_component.DistributedIterationComponent, "_map_run", _make)


PATCH = Patch("asl.distributed_children", _replacements)
