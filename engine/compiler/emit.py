"""From a tree to a machine. Any series-parallel tree will do: how it was found does not matter here."""

from __future__ import annotations

from collections.abc import Mapping

from engine import asl
from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.names import Place, name_parallels
from engine.compiler.step import Step
from engine.compiler.step_states import await_states, fork_states, step_states
from engine.compiler.tree import Fork, Latch, Leaf, Link, Series, Tree, children

COMMENT = "Compiled by Mini-N8N: tasks carry names, never data."


def emit(tree: Tree | None, steps: Mapping[str, Step], timeout_seconds: int) -> asl.Machine:
    """The state machine of a tree, or of nothing; it ends itself after ``timeout_seconds``."""
    if tree is None:
        nothing = {"nothing to do": asl.Succeed()}
        return asl.Machine("nothing to do", nothing, timeout_seconds=timeout_seconds, comment=COMMENT)
    machine = run_deep(_Emitter(steps, name_parallels(tree), timeout_seconds).machine((), tree))
    return asl.Machine(machine.start, machine.states, timeout_seconds=timeout_seconds, comment=COMMENT)


class _Emitter:
    def __init__(
        self, steps: Mapping[str, Step], parallel_names: Mapping[Place, str], timeout_seconds: int
    ) -> None:
        self._steps, self._parallel_names = steps, parallel_names
        self._timeout_seconds = timeout_seconds

    def machine(self, place: Place, tree: Tree) -> Deep[asl.Machine]:
        """The tree as a machine of its own."""
        machine: asl.Machine = yield self._chain(place, tree, None)
        return machine

    def _chain(self, place: Place, tree: Tree, following: str | None) -> Deep[asl.Machine]:
        """The tree's states, leading to ``following``: each part is made knowing what comes after it."""
        parts = [((*place, index), part) for index, part in enumerate(children(tree))]
        chain: list[Mapping[str, asl.State]] = []
        for part_place, part in reversed(parts if isinstance(tree, Series) else [(place, tree)]):
            states = yield self._states(part_place, part, following)
            following = next(iter(states))
            chain.append(states)
        start = next(iter(chain[-1]))
        return asl.Machine(
            start, {name: state for states in reversed(chain) for name, state in states.items()}
        )

    def _states(self, place: Place, part: Tree, following: str | None) -> Deep[Mapping[str, asl.State]]:
        if isinstance(part, Leaf):
            return step_states(self._steps[part.step], following)
        if isinstance(part, Fork):
            ways: dict[str, Mapping[str, asl.State]] = {}
            for index, (output, way) in enumerate(part.ways):
                ways[output] = (yield self._chain((*place, index), way, following)).states
            return fork_states(part, ways, following)
        branches: list[asl.Machine] = yield all_of(
            self._latch_chain((*place, index), part.chains[index])
            if isinstance(part, Latch)
            else self.machine((*place, index), child)
            for index, child in enumerate(children(part))
        )
        return {self._parallel_names[place]: asl.Parallel(tuple(branches), following)}

    def _latch_chain(self, place: Place, chain: tuple[Link, ...]) -> Deep[asl.Machine]:
        """A chain of a latch: its links, each behind its wait."""
        states: dict[str, asl.State] = {}
        following: str | None = None
        for index in reversed(range(len(chain))):
            link, own = chain[index], (*place, index) if len(chain) > 1 else place
            states = {**(yield self._states(own, link.part, following)), **states}
            following = next(iter(states))
            if link.awaits:
                step = self._steps[link.id]
                states = {**await_states(link, step, self._timeout_seconds, following), **states}
                following = next(iter(states))
        return asl.Machine(next(iter(states)), states)
