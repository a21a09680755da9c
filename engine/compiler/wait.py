"""Waits that the document did not ask for: a step behind a barrier that it does not need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from engine.compiler.poset import EPSILON_SECONDS
from engine.compiler.tree import Latch, Leaf, Series, Tree, children, finish_times
from engine.dag import Dag
from engine.json_value import JsonObject

# A report is read and stored: it names so many waits, the longest first, and so many nodes in each.
MAX_WAITS = 100
MAX_NAMES = 5


@dataclass(frozen=True)
class Wait:
    """A node, the nodes it waits for and does not need, and the seconds that costs (None: not known)."""

    node: str
    needless: tuple[str, ...]
    seconds: float | None
    put_off: bool = False
    """Whether it was moved to the end, since nothing waits for it."""

    def to_json(self) -> JsonObject:
        """The wait, with a sentence for people."""
        shown = list(self.needless[:MAX_NAMES])
        named = ", ".join(f"'{name}'" for name in shown)
        if len(self.needless) > len(shown):
            named += f" and {len(self.needless) - len(shown)} more"
        cost = "" if self.seconds is None else f"; it costs {self.seconds:.3g} s"
        return {
            "node": self.node,
            "waits_for": shown,
            "waits_for_count": len(self.needless),
            "seconds": self.seconds,
            "text": f"'{self.node}' waits for {named} too, for {self._reason}{cost}",
        }

    @property
    def _reason(self) -> str:
        if self.put_off:
            return "it takes milliseconds, nothing waits for it, and at the end it shares a Task"
        return (
            "branches are joined whole and no nesting of branches has exactly the order of these connections"
        )


def find_waits(
    dag: Dag, tree: Tree, seconds: Mapping[str, float] | None, put_off: Collection[str] = ()
) -> tuple[Wait, ...]:
    """Every node that waits needlessly; the longest wait first where durations are known."""
    starts, ends = finish_times(tree, seconds) if seconds is not None else ({}, {})
    found: list[Wait] = []
    for node_id, joined in _joins(tree):
        ancestors = dag.ancestors[dag.position[node_id]]
        needless = tuple(other for other in joined if not ancestors >> dag.position[other] & 1)
        if not needless:
            continue
        lost: float | None = None
        if seconds is not None:
            needed = max((ends[other] for other in dag.predecessors[node_id]), default=0.0)
            lost = round(starts[node_id] - needed, 6)
            if lost <= EPSILON_SECONDS:
                continue
            needless = tuple(sorted(needless, key=lambda other: (-ends[other], dag.position[other])))
        found.append(Wait(node_id, needless, lost, node_id in put_off))
    return tuple(sorted(found, key=lambda wait: (-(wait.seconds or 0.0), dag.position[wait.node])))


def _joins(tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each step that starts right after a barrier, with the steps that end right before it."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        waiting.extend(reversed(children(part)))
        if isinstance(part, Series):
            for before, after in pairwise(part.parts):
                last = tuple(_edge(before, -1))
                yield from ((step, last) for step in _edge(after, 0))


def _edge(tree: Tree, end: int) -> Iterator[str]:
    """The steps with which a tree begins (0), or ends (-1)."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Leaf):
            yield part.step
        elif isinstance(part, Series):
            waiting.append(part.parts[end])
        elif isinstance(part, Latch):
            links = (chain[end] for chain in reversed(part.chains))
            waiting.extend(link.part for link in links if end == -1 or not link.awaits)
        else:
            waiting.extend(reversed(children(part)))
