"""A part of a workflow that runs: which nodes, and how those around them are decided before anything does.

What leads up to a node, a node alone, or what an execution that is tried again has left. What runs is
compiled to a machine of its own, so that nothing is paid for the rest. The nodes before it whose results
stand (pinned, or of an earlier execution) are inputs in that machine's document: settled, and never called.
Executors read the whole document all the same and go by the records.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from engine.connections import is_live, should_run
from engine.dag import Dag
from engine.errors import ConflictError, NotFoundError, Problem, RequestError
from engine.execution import Execution, NodeRun, NodeStatus, Selection
from engine.node import ERROR, INPUT_TYPE, MAIN
from engine.pin import pin_problems
from engine.ports import ExecutionStore
from engine.registry import NodeRegistry
from engine.runner.prepared import PreparedWorkflow
from engine.service.retry import all_runs, is_decided
from engine.settled import settled_nodes
from engine.workflow import Node, Pin, Workflow


@dataclass(frozen=True)
class PartialRun:
    """``runs``: nodes that run. ``inputs``: input nodes that are settled, as far as anyone needs them."""

    runs: frozenset[str]
    inputs: frozenset[str]
    pins: Mapping[str, Pin]
    kept: Mapping[str, NodeRun]
    # Item runs of for_each nodes: kept ones, where a node that runs may go on from each of them, and those
    # that run but have some of their items.
    items: tuple[NodeRun, ...] = ()

    @classmethod
    def whole(cls, workflow: Workflow) -> PartialRun:
        """All of the workflow."""
        settled = frozenset(node.id for node in settled_nodes(workflow))
        return cls(frozenset(node.id for node in workflow.nodes) - settled, settled, {}, {})

    def keeping(self, runs: Collection[NodeRun]) -> PartialRun:
        """What is left of it where these node runs and item runs stand already."""
        kept = {run.node_id: run for run in runs if run.item is None}
        return replace(
            self,
            runs=self.runs - kept.keys(),
            inputs=self.inputs - kept.keys(),
            kept={**self.kept, **kept},
            items=(*self.items, *(run for run in runs if run.item is not None)),
        )

    def part_of(self, workflow: Workflow) -> Workflow:
        """The document to compile: the nodes that run, and those before them as inputs."""
        sources = {c.source for c in workflow.connections if c.target in self.runs} - self.runs
        stand_ins = {name: Node(id=name, type=INPUT_TYPE, config={"name": name}) for name in sources}
        wanted = self.runs | self.inputs | sources
        nodes = [stand_ins.get(node.id, node) for node in workflow.nodes if node.id in wanted]
        connections = [
            c.model_copy(update={"source_output": MAIN}) if c.source in sources else c
            for c in workflow.connections
            if c.target in self.runs
        ]
        return workflow.model_copy(update={"nodes": tuple(nodes), "connections": tuple(connections)})

    def records(self, workflow: Workflow, execution: Execution) -> list[NodeRun]:
        """Node runs of all nodes but those that run and inputs: pinned, kept, or skipped."""
        now = execution.started_at
        end = {"execution_id": execution.execution_id, "started_at": now, "ended_at": now}
        records: list[NodeRun] = []
        for node in workflow.nodes:
            if node.id in self.runs or node.id in self.inputs:
                continue
            if node.id in self.kept:
                records.append(_kept(self.kept[node.id], execution))
            elif node.id in self.pins:
                pin = self.pins[node.id]
                left = {"output_name": pin.output_name, "result": pin.result, "pinned": True}
                records.append(NodeRun(node_id=node.id, status=NodeStatus.SUCCEEDED, **left, **end))
            else:
                records.append(NodeRun(node_id=node.id, status=NodeStatus.SKIPPED, **end))
        return [*records, *(_kept(item, execution) for item in self.items)]


@dataclass(frozen=True)
class PartialRunPlanner:
    """Plans what a selection means; the same again when a start is repeated."""

    executions: ExecutionStore
    registry: NodeRegistry

    def plan(self, workflow: Workflow, selection: Selection, pins: Mapping[str, Pin]) -> PartialRun:
        """RequestError or NotFoundError name the node that there is not, or what is missing before it.

        ``pins`` are those of the request.
        """
        prepared = PreparedWorkflow(workflow)
        if selection.only is not None:
            return self._only(prepared, selection.only, selection, pins)
        return self._until(prepared, selection.until or "", selection)

    def _until(self, prepared: PreparedWorkflow, until: str, selection: Selection) -> PartialRun:
        """All that the node needs. A pinned node counts as having run, and asks for nothing before it.

        Where something before a pinned node runs all the same, the pinned node is decided by its connections,
        as it always is.
        """
        if until not in prepared.nodes:
            close = difflib.get_close_matches(until, prepared.nodes, n=1)
            cure = (
                f"did you mean '{close[0]}'?" if close else f"nodes: {', '.join(list(prepared.nodes)[:20])}"
            )
            told = Problem("unknown_node", f"there is no node '{until}': {cure}", None, "until")
            raise RequestError(f"There is no node '{until}' to run up to.", "until", [told])
        pins = _pins_of(prepared, selection)
        upstream = Dag.of(prepared.workflow).upstream
        inputs = {node.id for node in settled_nodes(prepared.workflow)}
        while True:
            needed = _needed(prepared, until, pins)
            runs = needed - set(pins) - inputs
            # Something before it runs anyway, and may leave by another way: that decides then.
            open_pins = {name for name in needed & set(pins) if not runs.isdisjoint(upstream(name))}
            if not open_pins:
                break
            pins = {name: pin for name, pin in pins.items() if name not in open_pins}
        used = {name: pin for name, pin in pins.items() if name in needed}
        return PartialRun(frozenset(runs), frozenset(needed & inputs), used, {})

    def _only(
        self, prepared: PreparedWorkflow, only: str, selection: Selection, given: Mapping[str, Pin]
    ) -> PartialRun:
        """The node alone, its sources decided by pins, by the earlier execution or by the inputs."""
        if only not in prepared.nodes:
            raise NotFoundError("node", only)
        self._check_given(prepared, only, given)
        if prepared.nodes[only].disabled:
            raise ConflictError(f"Node '{only}' is disabled and does not run; enable it, and save.")
        needed = _needs(prepared, only)
        settled = {node.id for node in settled_nodes(prepared.workflow)}
        earlier = self._earlier(selection, needed - settled)
        pins = {name: pin for name, pin in _pins_of(prepared, selection).items() if name in needed}
        kept = {name: run for name, run in earlier.items() if name not in given}
        pins = {**{name: pin for name, pin in pins.items() if name not in kept}, **given}
        inputs = (settled & needed) - set(pins) - set(kept)
        runs, inputs = frozenset({only} - settled), inputs | ({only} & settled)
        run = PartialRun(runs, frozenset(inputs), pins, kept, self._items(prepared, only, kept))
        _check_it_runs(prepared, only, run)
        return run

    def _items(
        self, prepared: PreparedWorkflow, only: str, kept: Mapping[str, NodeRun]
    ) -> tuple[NodeRun, ...]:
        if prepared.nodes[only].for_each is None:
            return ()
        return tuple(
            run
            for name, of in kept.items()
            if prepared.nodes[name].for_each is not None
            for run in all_runs(self.executions, of.execution_id, name)
            if is_decided(run)
        )

    def _check_given(self, prepared: PreparedWorkflow, only: str, given: Mapping[str, Pin]) -> None:
        problems: list[Problem] = []
        before = Dag.of(prepared.workflow).upstream(only) if given else frozenset()
        for name, pin in given.items():
            field = f"pinned.{name}"
            if name not in before:
                message = f"node '{name}' does not come before '{only}': take its result away"
                problems.append(Problem("not_upstream", message, name, field))
                continue
            node = prepared.nodes[name]
            node_class = self.registry.get(node.type)
            outputs = (*node_class.outputs_for(node.config), ERROR)
            problems += pin_problems(node, node_class, pin, outputs, field)
        if problems:
            raise RequestError("The pinned results do not fit the workflow.", "pinned", problems)

    def _earlier(self, selection: Selection, needed: Iterable[str]) -> dict[str, NodeRun]:
        if selection.results_of is None:
            return {}
        keys = dict.fromkeys((name, None) for name in needed)
        _, found = self.executions.read_nodes(selection.results_of, keys)
        return {name: run for (name, _), run in found.items() if is_decided(run)}


def _kept(run: NodeRun, execution: Execution) -> NodeRun:
    of = {"execution_id": execution.execution_id, "kept_from": run.kept_from or run.execution_id}
    return run.model_copy(update=of)


def _pins_of(prepared: PreparedWorkflow, selection: Selection) -> dict[str, Pin]:
    """The pins of the document, where the execution uses those; what was asked for runs itself."""
    return {
        node.id: node.pinned
        for node in prepared.workflow.nodes
        if node.pinned is not None
        and selection.uses_pins
        and not node.disabled
        and node.id != selection.target
    }


def _needed(prepared: PreparedWorkflow, until: str, pins: Collection[str]) -> set[str]:
    """The node and all that its run reads, one after the other, as far as pins."""
    needed: set[str] = set()
    waiting = [until]
    while waiting:
        node_id = waiting.pop()
        if node_id not in needed:
            needed.add(node_id)
            waiting += () if node_id in pins else _needs(prepared, node_id)
    return needed


def _needs(prepared: PreparedWorkflow, node_id: str) -> set[str]:
    """Nodes whose results or decisions a run of the node reads."""
    return {*prepared.sources(node_id), *prepared.references(node_id)}


def _check_it_runs(prepared: PreparedWorkflow, only: str, run: PartialRun) -> None:
    """RequestError where the node would be skipped, with a problem for each source that is not known."""
    left: dict[str, str | None] = dict.fromkeys(prepared.sources(only))
    left |= {name: MAIN for name in run.inputs if name in left}
    left |= {name: kept.output_name for name, kept in run.kept.items() if name in left}
    left |= {name: pin.output_name for name, pin in run.pins.items() if name in left}
    live = [
        is_live(c, left[c.source]) or (c.source in run.kept and prepared.flow.is_itemwise(c))
        for c in prepared.incoming[only]
    ]
    if should_run(prepared.nodes[only], live):
        return
    problems = [
        Problem(
            "no_result",
            f"there is no result of '{name}': give `pinned.{name}`, or an `execution_id` that has one",
            name,
            f"pinned.{name}",
        )
        for name, output in left.items()
        if output is None
    ]
    raise RequestError(
        f"Node '{only}' would be skipped: none of its connections is live"
        f"{', or not every one, as its join asks' if prepared.nodes[only].join == 'all' else ''}.",
        "pinned",
        problems,
    )
