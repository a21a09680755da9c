"""The shape of a state machine: a series-parallel tree over steps.

Whether a node runs is decided by the executor, so every tree that keeps the order of the connections
(``keeps_order``) is correct; trees differ in how long they wait and in what they cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.compiler.deep import Deep, run_deep

# What a step of a latch pays for its wait: a state more, one call of a function, and the way of the answer
# from the step that arrives last. An assumption for AWS, where nobody has measured it for us; on the local
# AWS `tests/integration/test_latch.py` prints what it takes.
LATCH_SECONDS = 0.3


@dataclass(frozen=True)
class Leaf:
    """One step, by its id."""

    step: str


@dataclass(frozen=True)
class Series:
    """One part after another."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Parallel:
    """All branches at once; it ends when the last of them does."""

    branches: tuple[Tree, ...]


@dataclass(frozen=True)
class Fork:
    """The way of the output that node ``source`` left through; nothing where no way has that output.

    A way holds what is reached through its output alone, so what is not taken is skipped, whole.
    """

    source: str
    ways: tuple[tuple[str, Tree], ...]

    def with_ways(self, trees: Iterable[Tree]) -> Fork:
        """The fork with other trees for its outputs, in their order."""
        outputs = (output for output, _ in self.ways)
        return Fork(self.source, tuple(zip(outputs, trees, strict=True)))


@dataclass(frozen=True)
class Link:
    """One part of a chain: a step, or several at once, and the steps of other chains that it waits for."""

    part: Leaf | Parallel
    awaits: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its first step, which names its wait."""
        return next(leaves(self.part))


@dataclass(frozen=True)
class Latch:
    """Chains side by side without any barrier: a link waits for just those steps that it comes after.

    All chains must run at the same time, so it never stands in a Map of bounded concurrency.
    """

    chains: tuple[tuple[Link, ...], ...]

    def in_order(self) -> Iterator[tuple[int, int, Link]]:
        """Chain, place in it, and link; each after those that it waits for."""
        begun = [0] * len(self.chains)
        done: set[str] = set()
        moved = True
        while moved:
            moved = False
            for number, chain in enumerate(self.chains):
                while begun[number] < len(chain) and done.issuperset(chain[begun[number]].awaits):
                    link = chain[begun[number]]
                    yield number, begun[number], link
                    done.update(leaves(link.part))
                    begun[number] += 1
                    moved = True


Tree: TypeAlias = Leaf | Series | Parallel | Fork | Latch


def children(tree: Tree) -> tuple[Tree, ...]:
    """What a tree is made of; nothing for a leaf."""
    if isinstance(tree, Leaf):
        return ()
    if isinstance(tree, Fork):
        return tuple(way for _, way in tree.ways)
    if isinstance(tree, Latch):
        return tuple(in_series(link.part for link in chain) for chain in tree.chains)
    return tree.parts if isinstance(tree, Series) else tree.branches


def in_series(parts: Iterable[Tree]) -> Tree:
    """The parts one after another; a series inside a series is spliced in, one part stands for itself."""
    flat: list[Tree] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Series) else [part])
    return flat[0] if len(flat) == 1 else Series(tuple(flat))


def in_parallel(branches: Iterable[Tree]) -> Tree:
    """The branches at once; flattened in the same way."""
    flat: list[Tree] = []
    for branch in branches:
        flat.extend(branch.branches if isinstance(branch, Parallel) else [branch])
    return flat[0] if len(flat) == 1 else Parallel(tuple(flat))


def leaves(tree: Tree) -> Iterator[str]:
    """The steps, from left to right."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Leaf):
            yield part.step
        else:
            waiting.extend(reversed(children(part)))


def parallel_depth(tree: Tree) -> int:
    """How deep Parallels stand inside one another."""
    deepest = 0
    waiting = [(tree, 0)]
    while waiting:
        part, depth = waiting.pop()
        depth += isinstance(part, Parallel | Latch)
        deepest = max(deepest, depth)
        waiting.extend((child, depth) for child in children(part))
    return deepest


def finish_times(tree: Tree, seconds: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """When each step starts and when it ends, from 0, if each takes its seconds and nothing else does."""
    starts: dict[str, float] = {}
    ends: dict[str, float] = {}

    def run(part: Tree, at: float) -> Deep[float]:
        if isinstance(part, Leaf):
            starts[part.step], ends[part.step] = at, at + seconds[part.step]
            return ends[part.step]
        if isinstance(part, Latch):
            last: float = yield run_latch(part, at)
            return last
        end = at
        for child in children(part):
            if isinstance(part, Series):
                end = yield run(child, end)
            else:
                end = max(end, (yield run(child, at)))
        return end

    def run_latch(latch: Latch, at: float) -> Deep[float]:
        chain_ends = [at] * len(latch.chains)
        for number, _, link in latch.in_order():
            begin = chain_ends[number]
            if link.awaits:
                begin = max(begin, *(ends[step] for step in link.awaits)) + LATCH_SECONDS
            chain_ends[number] = yield run(link.part, begin)
        return max(chain_ends)

    run_deep(run(tree, 0.0))
    return starts, ends


def makespan(tree: Tree, seconds: Mapping[str, float]) -> float:
    """How long the tree takes, in seconds."""
    return max(finish_times(tree, seconds)[1].values(), default=0.0)


def followers(tree: Tree) -> dict[str, int]:
    """For each step the bitset of the steps that start only after it; bit i is the i-th leaf."""
    place = {step: index for index, step in enumerate(leaves(tree))}
    after = dict.fromkeys(place, 0)

    def collect(part: Tree, later: int) -> Deep[int]:
        """Note that ``later`` follows all of ``part``; the bitset of the part."""
        if isinstance(part, Leaf):
            after[part.step] = later
            return 1 << place[part.step]
        if isinstance(part, Latch):
            whole: int = yield collect_latch(part, later)
            return whole
        within = 0
        for child in reversed(children(part)):
            within |= yield collect(child, later | within if isinstance(part, Series) else later)
        return within

    def collect_latch(latch: Latch, later: int) -> Deep[int]:
        """The same; what waits for a step of a link follows it, and all that follows that."""
        within = 0
        from_link: dict[tuple[int, int], int] = {}
        waiting: dict[str, int] = {}
        for number, index, link in reversed(list(latch.in_order())):
            follows = later | from_link.get((number, index + 1), 0)
            for step in leaves(link.part):
                follows |= waiting.get(step, 0)
            own = yield collect(link.part, follows)
            from_link[number, index] = own | follows
            for step in link.awaits:
                waiting[step] = waiting.get(step, 0) | own | follows
            within |= own
        return within

    run_deep(collect(tree, 0))
    return after
