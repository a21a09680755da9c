"""Regions: what is reached through one output alone becomes a way of a fork, and costs nothing if not taken.

A region is a part of the tree right after the step of a node with several outputs, all of whose connections
from outside come from one output of that node. If the node leaves through another, every connection into
the region is dead, so all of it is skipped: whatever its nodes say of ``join``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.compiler.step import Step
from engine.compiler.tree import Fork, Leaf, Parallel, Series, Tree, children, in_parallel, in_series, leaves
from engine.workflow import Connection, Workflow


def find_regions(tree: Tree, workflow: Workflow, steps: Mapping[str, Step]) -> Tree:
    """The tree with forks where regions are; a step is still one node."""
    incoming: dict[str, list[Connection]] = {}
    for connection in workflow.connections:
        incoming.setdefault(connection.target, []).append(connection)
    return _Regions(incoming, steps).arrange(tree)


class _Regions:
    def __init__(self, incoming: Mapping[str, list[Connection]], steps: Mapping[str, Step]) -> None:
        self._incoming, self._steps = incoming, steps

    def arrange(self, tree: Tree) -> Tree:
        """Forks in a part of the tree, and inside its parts."""
        if isinstance(tree, Leaf):
            return tree
        if isinstance(tree, Series):
            return self._arrange_series(tree.parts)
        return in_parallel(self.arrange(branch) for branch in children(tree))

    def _arrange_series(self, parts: tuple[Tree, ...]) -> Tree:
        arranged: list[Tree] = []
        at = 0
        while at < len(parts):
            part = parts[at]
            at += 1
            arranged.append(self.arrange(part))
            if isinstance(part, Leaf) and at < len(parts) and self._forks(part.step):
                fork, taken = self._fork(part.step, parts[at:])
                if fork is not None:
                    arranged.append(fork)
                    at += taken
        return in_series(arranged)

    def _forks(self, node_id: str) -> bool:
        step = self._steps[node_id]
        return len(step.outputs) > 1 and not step.polls and step.items is None

    def _fork(self, source: str, following: tuple[Tree, ...]) -> tuple[Tree | None, int]:
        """What stands for the first parts after ``source``, and for how many; None: there is no region."""
        taken, output = 0, None
        for count in range(1, len(following) + 1):
            found = self._region_output(source, following[:count])
            if found is None:
                break
            taken, output = count, found
        if output is not None:
            region = following[:taken]
            return (
                (self._ways(source, {output: [in_series(region)]}), taken)
                if self._pays(region)
                else (None, 0)
            )
        first = following[0]
        if not isinstance(first, Parallel):
            return None, 0
        ways: dict[str, list[Tree]] = {}
        others: list[Tree] = []
        for branch in first.branches:
            found = self._region_output(source, [branch])
            if found is None or not self._pays([branch]):
                others.append(branch)
            else:
                ways.setdefault(found, []).append(branch)
        if not ways:
            return None, 0
        fork = self._ways(source, ways)
        return (in_parallel([*(self.arrange(other) for other in others), fork]) if others else fork), 1

    def _ways(self, source: str, branches: Mapping[str, list[Tree]]) -> Fork:
        """Ways in the order of the node's outputs."""
        order = [output for output in self._steps[source].outputs if output in branches]
        return Fork(source, tuple((output, self.arrange(in_parallel(branches[output]))) for output in order))

    def _region_output(self, source: str, parts: Iterable[Tree]) -> str | None:
        """The one output through which these parts are reached; None where there are other ways in."""
        inside = {node_id for part in parts for node_id in leaves(part)}
        found: str | None = None
        for node_id in inside:
            incoming = self._incoming.get(node_id)
            if not incoming:
                return None
            for connection in incoming:
                if connection.source in inside:
                    continue
                if connection.source != source or found not in (None, connection.source_output):
                    return None
                found = connection.source_output
        return found

    def _pays(self, parts: Iterable[Tree]) -> bool:
        """Whether a Choice is worth it: light nodes alone join the Task before them."""
        return any(not self._steps[node_id].light for part in parts for node_id in leaves(part))
