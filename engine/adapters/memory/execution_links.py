"""What ties executions to others, in memory."""

from __future__ import annotations

from threading import RLock

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.record import dump_record, load_record
from engine.approval import Approval, Decision
from engine.errors import NotFoundError
from engine.execution import ChildLink
from engine.ports import Page


class MemoryLinks:
    """The part of the execution store that ties executions together."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], str] = {}
        self._woken: set[tuple[str, str]] = set()
        self._children: dict[str, dict[str, str]] = {}
        self._approvals: dict[tuple[str, str], str] = {}
        self._lock = RLock()

    def wait_for(self, execution_id: str, name: str, token: str) -> bool:
        """Keep the token of a wait that ends when ``name`` is woken; whether it has been woken already."""
        with self._lock:
            self._tokens[execution_id, name] = token
            return (execution_id, name) in self._woken

    def wake(self, execution_id: str, name: str) -> str | None:
        """Note for good that ``name`` is woken; the token that waits for it."""
        with self._lock:
            self._woken.add((execution_id, name))
            return self._tokens.get((execution_id, name))

    def add_child(self, parent_id: str, child: ChildLink) -> None:
        """Note an execution that another one starts."""
        with self._lock:
            self._children.setdefault(parent_id, {})[child.execution_id] = dump_record(child)

    def list_children(self, parent_id: str, limit: int = 1000, cursor: str | None = None) -> Page[ChildLink]:
        """The executions that an execution started, in order of their ids."""
        check_limit(limit)
        listing = f"children:{parent_id}"
        position = decode_cursor(listing, cursor, parts=1)
        with self._lock:
            rows = sorted(self._children.get(parent_id, {}).items())
        wanted = [row for row in rows if position is None or row[0] > position[0]]
        more = encode_cursor(listing, [wanted[limit - 1][0]]) if len(wanted) > limit else None
        return Page(tuple(load_record(ChildLink, text) for _, text in wanted[:limit]), more)

    def forget_links(self, execution_id: str) -> None:
        """Delete the links of an execution that is gone."""
        with self._lock:
            self._children.pop(execution_id, None)
            self._woken = {key for key in self._woken if key[0] != execution_id}
            for kept in (self._tokens, self._approvals):
                for key in [key for key in kept if key[0] == execution_id]:
                    kept.pop(key)

    def open_approval(self, approval: Approval) -> Approval:
        """Store a question if there is none of its id; the one that stands now."""
        with self._lock:
            key = (approval.execution_id, approval.approval_id)
            return load_record(Approval, self._approvals.setdefault(key, dump_record(approval)))

    def get_approval(self, execution_id: str, approval_id: str) -> Approval:
        """A question; NotFoundError."""
        found = self._approvals.get((execution_id, approval_id))
        if found is None:
            raise NotFoundError("approval", approval_id)
        return load_record(Approval, found)

    def decide_approval(self, approval: Approval, decision: Decision) -> Approval | None:
        """Note how a question ended, once. NotFoundError."""
        with self._lock:
            standing = self.get_approval(approval.execution_id, approval.approval_id)
            if standing.decision is not None:
                return standing
            decided = standing.model_copy(update={"decision": decision})
            self._approvals[approval.execution_id, approval.approval_id] = dump_record(decided)
            return None
