"""Regions: what is reached through one output alone becomes a way of a fork, and costs nothing if not taken.

A region is a part of the tree right after the step of a node with several outputs, all of whose connections
from outside come from one output of that node. If the node leaves through another, every connection into
the region is dead, so all of it is skipped: whatever its nodes say of ``join``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.step import Step
from engine.compiler.tree import (
    Fork,
    Latch,
    Leaf,
    Parallel,
    Series,
    Tree,
    children,
    in_parallel,
    in_series,
    leaves,
)
from engine.workflow import Workflow

# A node and the output that it leaves through.
_WayIn: TypeAlias = tuple[str, str]


def find_regions(tree: Tree, workflow: Workflow, steps: Mapping[str, Step]) -> Tree:
    """The tree with forks where regions are; a step is still one node."""
    incoming: dict[str, set[_WayIn]] = {}
    for connection in workflow.connections:
        incoming.setdefault(connection.target, set()).add((connection.source, connection.source_output))
    return run_deep(_Regions(tree, incoming, steps).arrange(tree))


@dataclass(frozen=True)
class _Part:
    """What is known of a part of the tree: its steps, as a bitset, and the ways into it from outside."""

    steps: int
    ways_in: frozenset[_WayIn]
    is_begun: bool
    """Whether a step of it comes after nothing: no output leads to that one."""


class _Regions:
    def __init__(self, tree: Tree, incoming: Mapping[str, set[_WayIn]], steps: Mapping[str, Step]) -> None:
        self._incoming, self._steps = incoming, steps
        self._bit = {step: 1 << index for index, step in enumerate(leaves(tree))}
        self._heavy = sum(bit for step, bit in self._bit.items() if not steps[step].light)
        # By identity, with the tree, lest another gets its place; each part is looked at once.
        self._parts: dict[int, tuple[Tree, _Part]] = {}
        found = [tree]
        for part in found:
            found.extend(children(part))
        for part in reversed(found):
            self._part(part)

    def _part(self, tree: Tree) -> _Part:
        if id(tree) not in self._parts:
            self._parts[id(tree)] = tree, self._look_at(tree)
        return self._parts[id(tree)][1]

    def _look_at(self, tree: Tree) -> _Part:
        if isinstance(tree, Leaf):
            incoming = self._incoming.get(tree.step, ())
            return _Part(self._bit[tree.step], frozenset(incoming), not incoming)
        parts = [self._part(child) for child in children(tree)]
        steps = reduce(int.__or__, (part.steps for part in parts))
        ways = {way for part in parts for way in part.ways_in if not self._bit.get(way[0], 0) & steps}
        return _Part(steps, frozenset(ways), any(part.is_begun for part in parts))

    def arrange(self, tree: Tree) -> Deep[Tree]:
        """Forks in a part of the tree, and inside its parts."""
        if isinstance(tree, Leaf | Latch):
            # A latch stays whole: a step of it that stood behind a Choice might never arrive.
            return tree
        if isinstance(tree, Series):
            series: Tree = yield self._arrange_series(tree.parts)
            return series
        return in_parallel((yield all_of(map(self.arrange, children(tree)))))

    def _arrange_series(self, parts: tuple[Tree, ...]) -> Deep[Tree]:
        arranged: list[Tree] = []
        at = 0
        while at < len(parts):
            part = parts[at]
            at += 1
            arranged.append((yield self.arrange(part)))
            if isinstance(part, Leaf) and at < len(parts) and self._forks(part.step):
                fork, taken = yield self._fork(part.step, parts[at:])
                if fork is not None:
                    arranged.append(fork)
                    at += taken
        return in_series(arranged)

    def _forks(self, node_id: str) -> bool:
        step = self._steps[node_id]
        return len(step.outputs) > 1 and not step.polls and step.items is None

    def _fork(self, source: str, following: Sequence[Tree]) -> Deep[tuple[Tree | None, int]]:
        """What stands for the first parts after ``source``, and for how many; None: there is no region."""
        taken, output = self._region(source, following)
        if output is not None:
            region = following[:taken]
            if not self._pays(region):
                return None, 0
            return (yield self._ways(source, {output: [in_series(region)]})), taken
        first = following[0]
        if not isinstance(first, Parallel):
            return None, 0
        ways: dict[str, list[Tree]] = {}
        others: list[Tree] = []
        for branch in first.branches:
            _, found = self._region(source, [branch])
            if found is None or not self._pays([branch]):
                others.append(branch)
            else:
                ways.setdefault(found, []).append(branch)
        if not ways:
            return None, 0
        fork = yield self._ways(source, ways)
        return in_parallel([*(yield all_of(map(self.arrange, others))), fork]), 1

    def _ways(self, source: str, branches: Mapping[str, list[Tree]]) -> Deep[Fork]:
        """Ways in the order of the node's outputs."""
        outputs = [output for output in self._steps[source].outputs if output in branches]
        ways: list[Tree] = yield all_of(self.arrange(in_parallel(branches[output])) for output in outputs)
        return Fork(source, tuple(zip(outputs, ways, strict=True)))

    def _region(self, source: str, parts: Iterable[Tree]) -> tuple[int, str | None]:
        """How many of the parts, from the first on, are reached through one output alone, and which."""
        inside = 0
        output: str | None = None
        taken = 0
        for part in map(self._part, parts):
            inside |= part.steps
            found = self._way_in(source, inside, part, output)
            if found is None:
                break
            taken, output = taken + 1, found
        return taken, output

    def _way_in(self, source: str, inside: int, added: _Part, output: str | None) -> str | None:
        """The output through which ``added`` is reached, if it is ``output`` alone or there was none yet."""
        if added.is_begun:
            return None
        for way_source, way_output in added.ways_in:
            if self._bit.get(way_source, 0) & inside:
                continue
            if way_source != source or output not in (None, way_output):
                return None
            output = way_output
        return output

    def _pays(self, parts: Iterable[Tree]) -> bool:
        """Whether a Choice is worth it: light nodes alone join the Task before them."""
        return any(self._part(part).steps & self._heavy for part in parts)
