"""Latches while an execution runs: who has arrived, and with which token somebody waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class LatchState:
    """A wait as it stands: the nodes that have ended, those it is for, its token (None: nobody waits yet)."""

    arrived: frozenset[str]
    awaited: frozenset[str] = frozenset()
    token: str | None = None

    @property
    def ready_token(self) -> str | None:
        """The token to answer; None while one of the two sides is missing."""
        return self.token if self.token is not None and self.awaited <= self.arrived else None


class LatchStore(Protocol):
    """Waits of executions by name. Each change is atomic and gives the state after it.

    So of all who change a wait the last sees both sides whole, and answers its token: no wake-up is lost.
    Repeating a change does no harm; a wait that is tried again has the last token.
    """

    def arrive(self, execution_id: str, latch: str, node_id: str) -> LatchState:
        """A node has ended."""

    def register(self, execution_id: str, latch: str, awaited: frozenset[str], token: str) -> LatchState:
        """Somebody waits with this token until the awaited nodes have arrived."""
