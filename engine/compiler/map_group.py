"""Map groups: for_each nodes that take their items from one another run in one Map, with no barrier between.

A follower (see `engine.item_flow`) joins the group of its sources where that changes nothing but the time:
nothing of it needs the items of others, and no node outside waits longer than before. What the group runs for
an item is a machine of its own, made by the same stages: branches side by side, light nodes in the Task of a
neighbour, a Choice where the items take different ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.compiler.fusion import fuse, note_forks
from engine.compiler.item_plan import ITERATION_EVENTS, history_share
from engine.compiler.regions import find_regions
from engine.compiler.schedule import critical_path
from engine.compiler.series_parallel import series_parallel_tree
from engine.compiler.step import Iteration, Step
from engine.dag import Dag
from engine.expression import find_references
from engine.item_flow import ItemFlow
from engine.workflow import Node, Workflow

# Of a Choice or a Parallel inside the iteration, for each node.
INNER_EVENTS = 6


@dataclass(frozen=True)
class Grouped:
    """The graph and the steps, each group as one step, which is called like its first node."""

    workflow: Workflow
    """With the connections between groups; those inside are left out."""
    dag: Dag
    steps: Mapping[str, Step]
    groups: Mapping[str, tuple[str, ...]]

    def seconds(self, known: Mapping[str, float] | None, whole: Dag) -> dict[str, float] | None:
        """Of each step, given those of each node: the items of a group go through one node after another."""
        if known is None:
            return None
        found = {node_id: known[node_id] for node_id in self.dag.ids}
        for root, members in self.groups.items():
            path = critical_path(_part(whole, members), known)
            found[root] = sum(known[node_id] for node_id in path)
        return found


def group_maps(workflow: Workflow, dag: Dag, steps: Mapping[str, Step]) -> Grouped:
    """Put followers into the Maps of their sources, wherever that is sound."""
    found = _Grouping(workflow, dag, steps).find()
    groups = {root: tuple(members) for root, members in found.items() if len(members) > 1}
    if not groups:
        return Grouped(workflow, dag, steps, {})
    root_of = {member: root for root, members in groups.items() for member in members}
    kept = {node_id: step for node_id, step in steps.items() if root_of.get(node_id, node_id) == node_id}
    plans = [step.items for step in steps.values() if step.items is not None]
    share = history_share(len(steps), plans)
    for root, members in groups.items():
        kept[root] = _group_step(workflow, dag, [steps[member] for member in members], share)
    connections = []
    for c in workflow.connections:
        source, target = root_of.get(c.source, c.source), root_of.get(c.target, c.target)
        if source != target:
            connections.append(c.model_copy(update={"source": source, "target": target}))
    edges = [(c.source, c.target) for c in connections]
    contracted = workflow.model_copy(update={"connections": tuple(connections)})
    return Grouped(contracted, Dag.of_edges([i for i in dag.ids if i in kept], edges), kept, groups)


class _Grouping:
    def __init__(self, workflow: Workflow, dag: Dag, steps: Mapping[str, Step]) -> None:
        self._dag, self._steps = dag, steps
        self._nodes: Mapping[str, Node] = {node.id: node for node in workflow.nodes}
        self._flow = ItemFlow(workflow)

    def find(self) -> dict[str, list[str]]:
        """The members of each group in order, by its first; most are alone."""
        groups: dict[str, list[str]] = {}
        root_of: dict[str, str] = {}
        for node_id in self._dag.order:
            if self._steps[node_id].items is None:
                continue
            follow = self._flow.follows.get(node_id)
            roots = {root_of[source] for source in follow.sources} if follow else set()
            root = roots.pop() if len(roots) == 1 else node_id
            if root != node_id and not self._may_join(node_id, root, groups[root]):
                root = node_id
            groups.setdefault(root, []).append(node_id)
            root_of[node_id] = root
        return groups

    def _may_join(self, node_id: str, root: str, members: Sequence[str]) -> bool:
        """Whether one Map does for the node what a Map of its own would do, and nobody waits longer."""
        dag = self._dag
        references = {reference.name for reference in find_references(self._nodes[node_id].config)}
        if not self._alike(node_id, root) or references & set(members):
            return False
        before = [source for source in dag.predecessors[node_id] if source not in members]
        known = dag.ancestors[dag.position[root]]
        if any(not known >> dag.position[source] & 1 for source in before):
            return False
        inside = [source for source in dag.predecessors[node_id] if source in members]
        return all(
            not self._tolerates(source) and self._keeps_waits(source, node_id, members) for source in inside
        )

    def _alike(self, node_id: str, root: str) -> bool:
        one, first = self._steps[node_id].items, self._steps[root].items
        if one is None or first is None:
            return False
        return (one.max_concurrency, one.batch_size) == (first.max_concurrency, first.batch_size)

    def _tolerates(self, source: str) -> bool:
        """Whether the node may yet fail as a whole once all of its items have ended."""
        for_each = self._nodes[source].for_each
        return for_each is not None and for_each.has_tolerance

    def _keeps_waits(self, source: str, node_id: str, members: Sequence[str]) -> bool:
        """Whether what else comes after ``source`` waits for the node anyway, or may join the group too."""
        dag, roots = self._dag, self._flow.roots
        later = dag.descendants[dag.position[node_id]]
        for other in dag.successors[source]:
            sibling = roots.get(other) == roots.get(source) and self._alike(other, source)
            waits = other == node_id or other in members or later >> dag.position[other] & 1
            if not waits and not sibling:
                return False
        return True


def _part(dag: Dag, members: Sequence[str]) -> Dag:
    """The graph of these nodes and the edges between them."""
    edges = [(source, target) for source in members for target in dag.successors[source]]
    return Dag.of_edges(members, edges)


def _group_step(workflow: Workflow, dag: Dag, members: Sequence[Step], share: int) -> Step:
    root, names = members[0], tuple(step.id for step in members)
    plans = [step.items for step in members if step.items is not None]
    events = ITERATION_EVENTS + sum(plan.events - ITERATION_EVENTS + INNER_EVENTS for plan in plans)
    plan = replace(plans[0], events=events).with_share(share * len(plans))
    inner = {step.id: step.of_item() for step in members}
    tree = series_parallel_tree(_part(dag, names))
    if plan.batch_size == 1:
        # The items of a batch leave through different outputs: no Choice can tell where to go on.
        tree = find_regions(tree, workflow, inner)
    return replace(
        root,
        nodes=names,
        items=plan,
        members=names,
        iteration=Iteration(*fuse(tree, note_forks(tree, inner))),
        settles=all(step.settles for step in members),
        polls=any(step.polls for step in members),
    )
