"""Latches: a Task that waits for nodes of other branches, and the Tasks that run those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from engine.json_value import JsonObject
from engine.latch import LatchState, LatchStore
from engine.task import Task

# Ends the wait of a Task for its token, with an answer; False where nothing waits with it any more.
AnswerToken: TypeAlias = Callable[[str, JsonObject], bool]


@dataclass(frozen=True)
class Latches:
    """Both sides of a wait. Whoever finds it whole answers: one that is answered twice ends once."""

    store: LatchStore
    answer: AnswerToken

    def register(self, task: Task) -> None:
        """The Task waits: it may be answered before this call has returned."""
        latch, token = task.latch or "", task.token or ""  # Task has checked that they are there
        self._release(self.store.register(task.execution_id, latch, frozenset(task.awaited), token))

    def arrive(self, task: Task, node_id: str) -> None:
        """A node has ended, whether it ran, failed with the consent of its author or was skipped."""
        for latch in task.arrives:
            self._release(self.store.arrive(task.execution_id, latch, node_id))

    def _release(self, state: LatchState) -> None:
        if state.ready_token is not None:
            self.answer(state.ready_token, {})
