"""How the items of a for_each node run: in an inline Map, in a Distributed Map, or as their number asks.

An inline Map writes into the history of its execution, which ends at 25,000 events, and runs 40 items at
the same time; the children of a Distributed Map have histories of their own, and start more slowly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.asl import MAX_HISTORY_EVENTS
from engine.workflow import ForEach, Node

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAX_INLINE_CONCURRENCY = 40
# Events of a state outside of Maps with some retries, and of the states around a Map.
STEP_EVENTS = 20
# Events of one item: its iteration, a Task, each further attempt, a failure that is recorded, and a poll
# (Task, Choice and Task with a token), of which so many are reckoned with.
ITERATION_EVENTS, TASK_EVENTS, ATTEMPT_EVENTS, POLL_EVENTS = 2, 5, 3, 13
RECKONED_POLLS = 50


@dataclass(frozen=True)
class ItemPlan:
    """What the Maps of a for_each node are made by."""

    max_concurrency: int
    batch_size: int
    settles: bool
    """Whether a failure is recorded and the other items go on."""
    count: int | None
    """The items, where the document lists them."""
    events: int
    """Of one iteration, with every attempt."""
    inline_iterations: int = 0
    """What an inline Map has room for."""
    only_inline: bool = False
    """Whether the machine is an express one, which has no history, and no Distributed Map."""

    @property
    def may_be_inline(self) -> bool:
        """Whether some number of items, or the number that is known, runs in an inline Map."""
        return self.only_inline or self.inline_iterations >= (
            1 if self.iterations is None else self.iterations
        )

    @property
    def may_be_distributed(self) -> bool:
        """Whether some number of items, or the number that is known, runs in a Distributed Map."""
        return not self.only_inline and (self.iterations is None or not self.may_be_inline)

    @property
    def iterations(self) -> int | None:
        """Iterations of the Map, where the number of items is known."""
        return None if self.count is None else -(-self.count // self.batch_size)

    def with_share(self, events: int) -> ItemPlan:
        """The plan, given so many events of the history."""
        room = max(0, events) // self.events
        if self.max_concurrency > MAX_INLINE_CONCURRENCY:
            room = min(room, MAX_INLINE_CONCURRENCY)
        return replace(self, inline_iterations=room)


def plan_items(node: Node, for_each: ForEach, attempts: int, *, polls: bool) -> ItemPlan:
    """The plan of a node before it has its share of the history; ``attempts`` as its retry allows."""
    task = TASK_EVENTS + ATTEMPT_EVENTS * (attempts - 1) + TASK_EVENTS
    events = ITERATION_EVENTS + task + (POLL_EVENTS * RECKONED_POLLS if polls else 0)
    return ItemPlan(
        max_concurrency=for_each.max_concurrency,
        batch_size=for_each.batch_size,
        settles=node.settles_items,
        count=len(for_each.items) if isinstance(for_each.items, list) else None,
        events=events,
    )


def history_share(steps: int, plans: Iterable[ItemPlan]) -> int:
    """Events that each Map may write: an even share of what the other states leave."""
    count = sum(1 for _ in plans)
    return (MAX_HISTORY_EVENTS - STEP_EVENTS * steps) // max(1, count)
