"""The shape of a state machine: a series-parallel tree over steps.

Whether a node runs is decided by the executor, so every tree that keeps the order of the connections
(``keeps_order``) is correct; trees differ in how long they wait and in what they cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.compiler.deep import Deep, run_deep


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


Tree: TypeAlias = Leaf | Series | Parallel | Fork


def children(tree: Tree) -> tuple[Tree, ...]:
    """What a tree is made of; nothing for a leaf."""
    if isinstance(tree, Leaf):
        return ()
    if isinstance(tree, Fork):
        return tuple(way for _, way in tree.ways)
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
        depth += isinstance(part, Parallel)
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
        end = at
        for child in children(part):
            if isinstance(part, Series):
                end = yield run(child, end)
            else:
                end = max(end, (yield run(child, at)))
        return end

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
        within = 0
        for child in reversed(children(part)):
            within |= yield collect(child, later | within if isinstance(part, Series) else later)
        return within

    run_deep(collect(tree, 0))
    return after
