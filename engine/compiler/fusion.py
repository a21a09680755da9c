"""Fusion: light nodes join the Task of a neighbour, and cost neither a transition nor a Lambda call.

Nothing waits for more than milliseconds that did not wait before: what joins is light, and a Task has one
node at most that is not. The result of each node is stored before the next begins, so a Task that is run
again repeats nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.step import Step
from engine.compiler.tree import Fork, Latch, Leaf, Parallel, Series, Tree, children, in_parallel, in_series

# Nodes of one Task: some 10 ms each, so that a function's timeout is far away.
MAX_NODES = 20


def fuse(tree: Tree, steps: Mapping[str, Step]) -> tuple[Tree, Mapping[str, Step]]:
    """The tree with fewer leaves, and the steps that they name: each by the first node that is not light."""
    fusion = _Fusion(steps)
    fused = run_deep(fusion.arrange(tree))
    return fused, fusion.steps


def note_forks(tree: Tree, steps: Mapping[str, Step]) -> Mapping[str, Step]:
    """The steps, those before a fork with the node that decides."""
    noted = dict(steps)
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        waiting.extend(children(part))
        if isinstance(part, Fork):
            noted[part.source] = replace(noted[part.source], fork=part.source)
    return noted


class _Fusion:
    def __init__(self, steps: Mapping[str, Step]) -> None:
        self.steps = dict(steps)

    def arrange(self, tree: Tree) -> Deep[Tree]:
        """The part with light leaves joined to others."""
        if isinstance(tree, Leaf | Latch):
            # Who waits in a latch is told by the Task of the node that it waits for, and by no other.
            return tree
        if isinstance(tree, Fork):
            ways: list[Tree] = yield all_of(self.arrange(way) for _, way in tree.ways)
            return tree.with_ways(ways)
        joined: Tree = yield self._series(list(tree.parts if isinstance(tree, Series) else [tree]))
        return joined

    def _series(self, parts: list[Tree]) -> Deep[Tree]:
        done: list[Tree] = []
        for index, raw in enumerate(parts):
            part = raw
            if isinstance(part, Parallel):
                following = parts[index + 1] if index + 1 < len(parts) else None
                branches: list[Tree] = yield all_of(map(self.arrange, part.branches))
                rest, joined = self._parallel(branches, done, following)
                if joined is not None:
                    parts[index + 1] = joined
                if rest is None:
                    continue
                part = rest
            elif not isinstance(part, Leaf):
                part = yield self.arrange(part)
            self._append(done, part)
        return in_series(done)

    def _append(self, done: list[Tree], part: Tree) -> None:
        """Put a part at the end, its first leaf into the last one where they may be one."""
        for piece in part.parts if isinstance(part, Series) else (part,):
            if not (isinstance(piece, Leaf) and self._join_last(done, piece)):
                done.append(piece)

    def _join_last(self, done: list[Tree], leaf: Leaf) -> bool:
        joined = self._join(done[-1], leaf) if done else None
        if joined is None:
            return False
        done[-1] = joined
        return True

    def _parallel(
        self, branches: Sequence[Tree], done: list[Tree], following: Tree | None
    ) -> tuple[Tree | None, Leaf | None]:
        """What is left of branches once the light ones have found a Task; what follows, if it took one.

        They go to the Task before it, to the beginning of another branch, or to the Task after it: as early
        as may be, since somebody may wait for what a respond node says.
        """
        light = [branch for branch in branches if isinstance(branch, Leaf) and self.steps[branch.step].light]
        rest = [branch for branch in branches if branch not in light]
        joined: Leaf | None = None
        for leaf in light:
            if self._join_last(done, leaf) or self._join_branch(rest, leaf):
                continue
            after = self._join(leaf, joined or following)
            if after is None:
                rest.append(leaf)
            joined = after or joined
        return (in_parallel(rest) if rest else None), joined

    def _join_branch(self, branches: list[Tree], leaf: Leaf) -> bool:
        for index, branch in enumerate(branches):
            first, *others = branch.parts if isinstance(branch, Series) else (branch,)
            joined = self._join(leaf, first)
            if joined is not None:
                branches[index] = in_series([joined, *others])
                return True
        return False

    def _join(self, one: Tree, other: Tree | None) -> Leaf | None:
        """One leaf for two, the first before the second; None where they must stay apart."""
        if not (isinstance(one, Leaf) and isinstance(other, Leaf)):
            return None
        first, second = self.steps[one.step], self.steps[other.step]
        second_leads = not second.light or (first.light and not second.portable)
        lead, guest = (second, first) if second_leads else (first, second)
        if not (guest.light and len(first.nodes) + len(second.nodes) <= MAX_NODES):
            return None
        if not (guest.portable or guest.function_arn == lead.function_arn):
            return None
        fork = first.fork or second.fork
        # The Choice of a poll reads the answer already.
        if fork is not None and ((first.fork and second.fork) or lead.polls):
            return None
        joined = replace(
            lead,
            nodes=(*first.nodes, *second.nodes),
            timeout_seconds=max(first.timeout_seconds, second.timeout_seconds),
            light=first.light and second.light,
            portable=first.portable and second.portable,
            fork=fork,
        )
        for step in (first, second):
            del self.steps[step.id]
        self.steps[joined.id] = joined
        return Leaf(joined.id)
