"""How steps are ordered and share Tasks: the tree, its regions and fusion, and the machine of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from engine.asl import MAX_DEFINITION_BYTES, Machine, definition_bytes
from engine.compiler.cost import MAX_WORK
from engine.compiler.emit import emit
from engine.compiler.fusion import fuse, note_forks
from engine.compiler.latch import note_latches
from engine.compiler.measure import execution_cost
from engine.compiler.poset import EPSILON_SECONDS
from engine.compiler.put_off import find_put_off
from engine.compiler.regions import find_regions
from engine.compiler.series_parallel import TreeSearch, limit_depth
from engine.compiler.step import Step
from engine.compiler.tree import Latch, Tree, children, in_series, makespan
from engine.compiler.wait import find_waits
from engine.dag import Dag
from engine.json_value import JsonObject
from engine.workflow import Workflow

# Of the search without the nodes that are put off: on top of the first, it would double the time else.
SECOND_LOOK_WORK = MAX_WORK // 5


@dataclass(frozen=True)
class Arrangement:
    """The machine, the tree of steps that it came from (None: no steps), and what was put off to its end.

    ``too_large_bytes``: what a definition with latches would have had, where they were left out for it.
    """

    machine: Machine
    tree: Tree | None = None
    put_off: tuple[str, ...] = ()
    too_large_bytes: int | None = None

    @cached_property
    def definition(self) -> JsonObject:
        """The machine as a definition."""
        return self.machine.to_json()

    @cached_property
    def size_bytes(self) -> int:
        """Of the definition."""
        return definition_bytes(self.definition)

    @property
    def transitions(self) -> int:
        """States that an execution enters."""
        return execution_cost(self.definition).transitions


def arrange(
    workflow: Workflow, dag: Dag, seconds: Mapping[str, float] | None, steps: Mapping[str, Step]
) -> Arrangement:
    """The arrangement with the fewest waits found, and of those that end as soon, with the fewest states.

    Waits of latches take states: where the definition gets too large, none is made.
    """
    if not steps:
        return Arrangement(emit(None, steps, workflow.settings.timeout_seconds))
    # A latch takes task tokens, and Express has none; where we are to choose, that stays open.
    latches = workflow.settings.mode == "standard" and seconds is not None
    search = TreeSearch(dag, seconds)
    found = _Arranger(workflow, seconds, steps, latches=latches).arrange(dag, search)
    if not latches or not _has_latch(found.tree) or found.size_bytes <= MAX_DEFINITION_BYTES:
        return found
    smaller = _Arranger(workflow, seconds, steps, latches=False).arrange(dag, search)
    return replace(smaller, too_large_bytes=found.size_bytes)


@dataclass(frozen=True)
class _Arranger:
    workflow: Workflow
    seconds: Mapping[str, float] | None
    steps: Mapping[str, Step]
    latches: bool

    def arrange(self, dag: Dag, search: TreeSearch) -> Arrangement:
        """The best found, with what is put off to the end where that is worth its while."""
        tree = self._tree(dag, search)
        fused, shared = fuse(tree, note_latches(tree, note_forks(tree, self.steps)))
        limit = self.workflow.settings.timeout_seconds
        soon = Arrangement(emit(fused, shared, limit), tree)
        put_off = find_put_off(self.workflow, dag, self.steps, shared)
        # An order that branches have exactly is kept: there nothing waits in vain. A latch has the order too,
        # and pays for it with a state and a call wherever a node waits.
        if not put_off or len(put_off) == len(self.steps):
            return soon
        if not (_has_latch(tree) or find_waits(dag, tree, None)):
            return soon
        first = [node_id for node_id in dag.ids if node_id not in put_off]
        parts = (dag.without(left_out) for left_out in (put_off, first))
        later = in_series(
            self._tree(part, TreeSearch(part, self.seconds, SECOND_LOOK_WORK)) for part in parts
        )
        if self.seconds is not None:
            loss = makespan(later, self.seconds) - makespan(tree, self.seconds)
            if loss > EPSILON_SECONDS:
                return soon
        noted = note_latches(later, note_forks(later, self.steps))
        late = Arrangement(emit(*fuse(later, noted), limit), later, put_off)
        return late if late.transitions < soon.transitions else soon

    def _tree(self, dag: Dag, search: TreeSearch) -> Tree:
        """The tree with its forks, which may stand inside one another as deep as they like: no Parallels."""
        return limit_depth(dag, find_regions(search.find(latches=self.latches), self.workflow, self.steps))


def _has_latch(tree: Tree | None) -> bool:
    waiting = [] if tree is None else [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Latch):
            return True
        waiting.extend(children(part))
    return False
