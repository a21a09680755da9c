"""Defect: executions that a restart interrupted end without anybody being told.

MiniStack marks them FAILED when it restores its state and sends no status-change event, so that whoever waits
for the event waits for ever. Here they are ABORTED, and the event follows as soon as it can be delivered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.aws.interrupted import mark_interrupted
from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    def restore(data: dict[str, Any]) -> None:
        executions = (data or {}).get("executions")
        if executions is not None:
            mark_interrupted(executions)
        original(data)

    return restore


def _replacements() -> Iterator[Replacement]:
    from ministack.services import stepfunctions

    yield Replacement(stepfunctions, "_restore_state", _make)


PATCH = Patch("aws.interrupted_executions", _replacements)
