"""When each node starts and ends, read from a definition alone.

A definition says what waits for what; with the seconds of each node, all times follow. Nothing of the
compiler's own trees is used, so that they can be held against this.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from engine.asl import all_states, inner_machines, targets
from engine.compiler.measure import fork_ways
from engine.json_value import JsonObject


@dataclass(frozen=True)
class Assumptions:
    """What an execution is taken to be like."""

    seconds: Mapping[str, float]
    """What each node takes, by id; 0 for those that are missing. For a node under for_each: of an item."""
    left_by: Mapping[str, str] = field(default_factory=dict)
    """The output that a node left through; where it is missing, all ways run, so the dearest counts."""
    items: Mapping[str, int] = field(default_factory=dict)
    """How many items a node under for_each has; 1 where it is missing."""
    task_seconds: float = 0.0
    """What every Task takes besides its nodes."""


@dataclass(frozen=True)
class Simulation:
    """Start and end of each node that runs, in seconds from the start of the execution; and its end."""

    spans: Mapping[str, tuple[float, float]]
    makespan: float


def simulate(definition: JsonObject, assumptions: Assumptions) -> Simulation:
    """Run a definition on paper. Raises ValueError where it waits for what never ends."""
    return _Run(definition, assumptions).to_end()


@dataclass
class _Join:
    """So many threads that are still running; then the thread that follows goes on."""

    missing: int
    following: _Thread | None


@dataclass
class _Thread:
    """One walk through one machine: from ``at`` up to ``stop``, which is left out."""

    machine: JsonObject
    at: str | None
    join: _Join
    stop: str | None = None
    fork: str = ""
    """The node whose output the next Choice reads."""
    doing: Iterator[float] | None = None
    """What is left of the state it is in: seconds to pass, one part after another."""


class _Run:
    def __init__(self, definition: JsonObject, assumptions: Assumptions) -> None:
        self._assumptions = assumptions
        self._definition = definition
        self._mapped = _mapped_nodes(definition)
        self._now = 0.0
        self._due: list[tuple[float, int, _Thread]] = []
        self._turns = count()
        self._entered: set[int] = set()
        self._ended: set[str] = set()
        self._waiting: dict[str, list[_Thread]] = {}
        self._spans: dict[str, tuple[float, float]] = {}

    def to_end(self) -> Simulation:
        """Let every thread go on when its time has come."""
        end = _Join(1, None)
        self._resume(_Thread(self._definition, self._definition["StartAt"], end))
        while self._due:
            self._now, _, thread = heapq.heappop(self._due)
            self._go_on(thread)
        if end.missing:
            raise ValueError(f"it waits for nodes that never end: {', '.join(sorted(self._waiting))}")
        return Simulation(self._spans, self._now)

    def _resume(self, thread: _Thread, after_seconds: float = 0.0) -> None:
        heapq.heappush(self._due, (self._now + after_seconds, next(self._turns), thread))

    def _go_on(self, thread: _Thread) -> None:
        """One part of the state that a thread is in, or the next state."""
        if thread.doing is not None:
            seconds = next(thread.doing, None)
            if seconds is not None:
                self._resume(thread, seconds)
                return
            thread.doing = None
        if thread.at is None or thread.at == thread.stop:
            thread.join.missing -= 1
            if not thread.join.missing and thread.join.following is not None:
                self._resume(thread.join.following)
            return
        state = thread.machine["States"][thread.at]
        missing = next((node_id for node_id in awaited_nodes(state) if node_id not in self._ended), None)
        if missing is not None:
            self._waiting.setdefault(missing, []).append(thread)
            return
        self._enter(thread, state)

    def _enter(self, thread: _Thread, state: JsonObject) -> None:
        self._entered.add(id(state))
        firsts = [(thread.machine, way) for way in self._taken_ways(thread, state)]
        thread.at = state.get("Next") or state.get("Default")
        ways = [(machine, way, thread.at) for machine, way in firsts]
        ways += [(branch, branch["StartAt"], None) for branch in state.get("Branches", [])]
        if ways:
            join = _Join(len(ways), thread)
            for machine, first, stop in ways:
                self._resume(_Thread(machine, first, join, stop))
            return
        thread.fork = payload(state).get("fork", "")
        thread.doing = self._doing(state)
        self._resume(thread)

    def _taken_ways(self, thread: _Thread, state: JsonObject) -> list[str]:
        """The first states of the ways that run; what stands on the others is skipped, and has ended so."""
        left_by = self._assumptions.left_by.get(thread.fork)
        taken: list[str] = []
        for name in fork_ways(thread.machine, state):
            outputs = {rule.get("StringEquals") for rule in state["Choices"] if rule["Next"] == name}
            if left_by is not None and left_by not in outputs:
                for node_id in _nodes_on_way(thread.machine, name, state["Default"]):
                    self._end(node_id)
            elif id(thread.machine["States"][name]) not in self._entered:
                taken.append(name)
        return taken

    def _doing(self, state: JsonObject) -> Iterator[float]:
        """The seconds that pass in a state, node after node."""
        if state["Type"] == "Wait":
            yield float(state.get("Seconds", 0.0))
        elif state["Type"] == "Map":
            yield self._run_items(state)
        elif state["Type"] == "Task" and not awaited_nodes(state):
            yield self._assumptions.task_seconds
            sent = payload(state)
            for node_id in sent.get("nodes", ()):
                began = self._now
                if node_id not in self._mapped:
                    yield self._assumptions.seconds.get(node_id, 0.0)
                self._note(node_id, began, self._now)
                if not (node_id in self._mapped and sent.get("step") == "expand"):
                    self._end(node_id)

    def _run_items(self, state: JsonObject) -> float:
        """The seconds of a Map: as many rounds as its items take, each as long as one item."""
        processor = state["ItemProcessor"]
        nodes = {node_id for inner in all_states(processor) for node_id in payload(inner).get("nodes", ())}
        items = max((self._assumptions.items.get(node_id, 1) for node_id in nodes), default=1)
        at_once = state.get("MaxConcurrency") or items
        one = simulate(processor, self._assumptions)
        seconds = one.makespan * -(-items // max(1, at_once))
        for node_id, (began, _) in one.spans.items():
            self._note(node_id, self._now + began, self._now + seconds)
        return seconds

    def _note(self, node_id: str, began: float, ended: float) -> None:
        earliest, latest = self._spans.get(node_id, (began, ended))
        self._spans[node_id] = min(earliest, began), max(latest, ended)

    def _end(self, node_id: str) -> None:
        """A node has ended: whoever waits for it looks again."""
        self._ended.add(node_id)
        for thread in self._waiting.pop(node_id, ()):
            self._resume(thread)


def payload(state: JsonObject) -> JsonObject:
    """What a Task sends to a function; nothing for other states, and for Tasks of other services."""
    sent: JsonObject = state.get("Parameters", {}).get("Payload", {})
    return sent


def awaited_nodes(state: JsonObject) -> tuple[str, ...]:
    """The nodes that a latch waits for; nothing for other states."""
    return tuple(payload(state).get("await", ()))


def _nodes_on_way(machine: JsonObject, first: str, stop: str) -> Iterator[str]:
    """The nodes from one state of a machine to another."""
    waiting, seen = [first], {stop}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        state = machine["States"][name]
        inside = [inner for machine in inner_machines(state) for inner in all_states(machine)]
        for part in (state, *inside):
            yield from payload(part).get("nodes", ())
        waiting.extend(targets(state))


def _mapped_nodes(definition: JsonObject) -> set[str]:
    """The nodes that run for items: their seconds pass in a Map, and not in the Tasks before and after it."""
    processors = [state["ItemProcessor"] for state in all_states(definition) if state["Type"] == "Map"]
    return {
        node_id
        for processor in processors
        for state in all_states(processor)
        for node_id in payload(state).get("nodes", ())
    }
