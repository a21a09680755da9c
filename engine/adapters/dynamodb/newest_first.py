"""Lists over sharded index partitions, newest first, with a bound on what one page may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from engine.adapters.dynamodb.attribute import Item

# How many queries one page may cost. A filter that matches little then gives a short page and a cursor,
# not a request that runs into its timeout: 40 queries of 5 ms are 0.2 s.
MAX_QUERIES = 40


@dataclass
class Budget:
    """How many queries are left."""

    left: int = MAX_QUERIES


@dataclass
class Partition:
    """One partition of an index, read downwards: ``read(below)`` gives a page and how far down it went.

    A page that went to the end gives None for how far.
    """

    read: Callable[[str | None], tuple[list[Item], str | None]]
    sort_key: str
    below: str | None = None
    ended: bool = False
    waiting: list[Item] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether it must be read before anything can be said of what comes next."""
        return not self.waiting and not self.ended

    def fill(self, budget: Budget) -> None:
        """Read one page, if nothing waits and the budget allows it."""
        if self.empty and budget.left > 0:
            budget.left -= 1
            self.waiting, below = self.read(self.below)
            self.below, self.ended = below or self.below, below is None

    @property
    def next_key(self) -> str:
        """The sort key of the item that waits."""
        return str(self.waiting[0][self.sort_key]["S"])


@dataclass(frozen=True)
class Place:
    """Where a list goes on: the section (a day, or nothing), and below which key in it."""

    section: str
    below: str = ""


def walk(
    sections: Iterable[tuple[str, Sequence[Partition]]], limit: int, budget: Budget
) -> tuple[list[Item], Place | None]:
    """The first ``limit`` items of the sections, in their order, and where to go on (None: nowhere)."""
    found: list[tuple[Place, Item]] = []
    for name, partitions in sections:
        if budget.left < len(partitions):
            return [item for _, item in found], Place(name)
        stopped = _merge(name, partitions, limit + 1, budget, found)
        if len(found) > limit:
            return [item for _, item in found[:limit]], found[limit - 1][0]
        if stopped is not None:
            return [item for _, item in found], stopped
    return [item for _, item in found], None


def _merge(
    name: str,
    partitions: Sequence[Partition],
    count: int,
    budget: Budget,
    found: list[tuple[Place, Item]],
) -> Place | None:
    """Append items of one section until there are ``count``; where it stopped, if it did not end."""
    while len(found) < count:
        # In turns, so that each is read at least once: walk() saw to it that the budget is enough for that.
        while budget.left > 0 and any(partition.empty for partition in partitions):
            for partition in partitions:
                partition.fill(budget)
        # Nothing is known of what lies below these keys: an item from there might be passed over.
        floor = max((p.below or "" for p in partitions if p.empty), default=None)
        ready = [p for p in partitions if p.waiting and (floor is None or p.next_key > floor)]
        if not ready:
            return None if floor is None else Place(name, floor)
        newest = max(ready, key=lambda p: p.next_key)
        found.append((Place(name, newest.next_key), newest.waiting.pop(0)))
    return None
