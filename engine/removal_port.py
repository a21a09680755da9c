"""The part of the execution store by which executions go, with all that they made; see `engine.ports`.

An execution is gone when its record is: by its time, or because somebody deleted it. Whoever hears of that
deletes the rest (`engine.service.removal`). What a retry shares of an execution it holds, and that stays.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class RemovalStore(Protocol):
    """How executions go."""

    def remove(self, execution_id: str, until: datetime) -> None:
        """Take an ended execution away, with a mark that says so until then, as `mark_removed` leaves it.

        NotFoundError; ConflictError while it runs.
        """

    def mark_removed(self, execution_id: str, until: datetime) -> None:
        """Say until then that there is no such execution any more (or that there never came to be one).

        When the mark goes, the rest is deleted once more: a function that ran on may have written after.
        """

    def was_removed(self, execution_id: str) -> bool:
        """Whether that mark stands."""

    def delete_rows(self, execution_id: str) -> None:
        """Delete what is kept of an execution that is gone: node runs, links, names that wake, its holds."""

    def hold(self, execution_id: str, holder_id: str, through: str | None = None) -> None:
        """Keep what an execution made for as long as ``holder_id`` is kept; doing it again changes nothing.

        NotFoundError when it is gone, and ``through``, another execution that holds it, is not given or
        holds it no more.
        """

    def list_held(self, holder_id: str) -> tuple[str, ...]:
        """The executions that this one holds."""

    def release(self, execution_id: str, holder_id: str) -> bool:
        """The holder is gone; whether what the execution made may be deleted now."""

    def note_gone(self, execution_id: str) -> bool:
        """The execution itself is gone; whether what it made may be deleted now, for nobody holds it."""

    def forget_holds(self, execution_id: str) -> None:
        """What it made is deleted: forget that somebody held it."""
