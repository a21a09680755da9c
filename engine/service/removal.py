"""How executions go: somebody deletes them, or their time is over; and what they made goes with them.

The record goes first, and with it the execution for everybody. What follows may be done again, and by whoever
hears that the record is gone: by its time, or by a delete.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from engine.errors import ConflictError, NotFoundError
from engine.execution import made_by
from engine.ports import BlobStore, Clock, ExecutionStore, Metrics

# A function that ran on after the end has stopped long before (Lambda: 15 minutes), and an Idempotency-Key
# that stands for the execution is forgotten after a day.
MARK_DAYS = 2


@dataclass(frozen=True)
class ExecutionRemover:
    """Removes executions."""

    executions: ExecutionStore
    blobs: BlobStore
    clock: Clock
    metrics: Metrics

    def delete(self, execution_id: str) -> None:
        """Take an execution away; what it made follows. NotFoundError; ConflictError while it runs."""
        try:
            self.executions.remove(execution_id, self.clock.now() + timedelta(days=MARK_DAYS))
        except ConflictError as error:
            raise ConflictError(f"{error} Cancel it, or wait for its end, then delete it.") from error

    def clear(self, execution_id: str) -> None:
        """Delete what is left of an execution that is gone, but for what another one holds of it.

        And what it held itself, if it was the last that did. One that is kept is left alone.
        """
        with suppress(NotFoundError):
            self.executions.get(execution_id)
            return
        for held in self.executions.list_held(execution_id):
            if self.executions.release(held, execution_id):
                self._delete_made(held)
        if self.executions.note_gone(execution_id):
            self._delete_made(execution_id)
        # Last, since they say what it held.
        self.executions.delete_rows(execution_id)
        self.metrics.count("ExecutionsRemoved")

    def _delete_made(self, execution_id: str) -> None:
        for prefix in made_by(execution_id):
            self.blobs.delete_prefix(prefix)
        self.executions.forget_holds(execution_id)
