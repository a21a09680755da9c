"""The part of the execution store that ties executions together; see `engine.ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.approval import Approval, Decision
from engine.execution import ChildLink

if TYPE_CHECKING:
    from engine.ports import Page


class LinkStore(Protocol):
    """What wakes the nodes of an execution, what they ask people, and the executions that it started."""

    def wait_for(self, execution_id: str, name: str, token: str) -> bool:
        """Keep the token of a wait that ends when ``name`` is woken; whether it has been woken already.

        Of a wait and a wake at the same time one at least sees the other.
        """

    def wake(self, execution_id: str, name: str) -> str | None:
        """Note for good that ``name`` is woken; the token that waits for it, None where none does (yet)."""

    def add_child(self, parent_id: str, child: ChildLink) -> None:
        """Note an execution that another one starts; noting it again changes nothing."""

    def open_approval(self, approval: Approval) -> Approval:
        """Store a question if there is none of its id; the one that stands now."""

    def get_approval(self, execution_id: str, approval_id: str) -> Approval:
        """A question; NotFoundError."""

    def decide_approval(self, approval: Approval, decision: Decision) -> Approval | None:
        """Note how a question ended, once: None when noted, the question as it stands when it had ended.

        NotFoundError.
        """

    def list_children(self, parent_id: str, limit: int = 1000, cursor: str | None = None) -> Page[ChildLink]:
        """The executions that an execution started, in order of their ids."""
