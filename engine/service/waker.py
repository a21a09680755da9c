"""Ends the wait of a pending node: notes what it waits for, and answers the token that is there."""

from __future__ import annotations

from dataclasses import dataclass

from engine.machine import StateMachines
from engine.ports import ExecutionStore


@dataclass(frozen=True)
class Waker:
    """Wakes nodes. Repeating it does no harm."""

    executions: ExecutionStore
    machines: StateMachines

    def wake(self, execution_id: str, name: str) -> None:
        """Wake the node that waits for ``name``, or will: who waits later finds it woken."""
        token = self.executions.wake(execution_id, name)
        if token is not None:
            self.machines.send_success(token, {})
