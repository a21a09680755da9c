"""How steps are ordered and share Tasks: the tree, its regions and fusion, and the machine of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.asl import Machine
from engine.compiler.cost import MAX_WORK
from engine.compiler.emit import emit
from engine.compiler.fusion import fuse, note_forks
from engine.compiler.latch import note_latches
from engine.compiler.measure import execution_cost
from engine.compiler.poset import EPSILON_SECONDS
from engine.compiler.put_off import find_put_off
from engine.compiler.regions import find_regions
from engine.compiler.series_parallel import limit_depth, series_parallel_tree
from engine.compiler.step import Step
from engine.compiler.tree import Latch, Tree, children, in_series, makespan
from engine.compiler.wait import find_waits
from engine.dag import Dag
from engine.workflow import Workflow

# Of the search without the nodes that are put off: on top of the first, it would double the time else.
SECOND_LOOK_WORK = MAX_WORK // 5


@dataclass(frozen=True)
class Arrangement:
    """The machine, the tree of steps that it came from (None: no steps), and what was put off to its end."""

    machine: Machine
    tree: Tree | None = None
    put_off: tuple[str, ...] = ()

    @property
    def transitions(self) -> int:
        """States that an execution enters."""
        return execution_cost(self.machine.to_json()).transitions


def arrange(
    workflow: Workflow, dag: Dag, seconds: Mapping[str, float] | None, steps: Mapping[str, Step]
) -> Arrangement:
    """The arrangement with the fewest waits found, and of those that end as soon, with the fewest states."""
    limit = workflow.settings.timeout_seconds
    if not steps:
        return Arrangement(emit(None, steps, limit))
    tree = _find_tree(dag, seconds, workflow, steps)
    fused, shared = fuse(tree, note_latches(tree, note_forks(tree, steps)))
    soon = Arrangement(emit(fused, shared, limit), tree)
    put_off = find_put_off(workflow, dag, steps, shared)
    # An order that branches have exactly is kept: there nothing waits in vain. A latch has the order too, and
    # pays for it with a state and a call wherever a node waits.
    if not put_off or len(put_off) == len(steps) or not (_has_latch(tree) or find_waits(dag, tree, None)):
        return soon
    first = [node_id for node_id in dag.ids if node_id not in put_off]
    parts = (dag.without(left_out) for left_out in (put_off, first))
    later = in_series(_find_tree(part, seconds, workflow, steps, SECOND_LOOK_WORK) for part in parts)
    if seconds is not None and makespan(later, seconds) > makespan(tree, seconds) + EPSILON_SECONDS:
        return soon
    late = Arrangement(
        emit(*fuse(later, note_latches(later, note_forks(later, steps))), limit), later, put_off
    )
    return late if late.transitions < soon.transitions else soon


def _has_latch(tree: Tree) -> bool:
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Latch):
            return True
        waiting.extend(children(part))
    return False


def _find_tree(
    dag: Dag,
    seconds: Mapping[str, float] | None,
    workflow: Workflow,
    steps: Mapping[str, Step],
    max_work: int = MAX_WORK,
) -> Tree:
    """The tree with its forks, which may stand as deep in one another as they like: they are no Parallels."""
    # A latch takes task tokens, and Express has none; where we are to choose, that stays open.
    latches = workflow.settings.mode == "standard"
    forked = find_regions(
        series_parallel_tree(dag, seconds, latches=latches, max_work=max_work), workflow, steps
    )
    return limit_depth(dag, forked)
