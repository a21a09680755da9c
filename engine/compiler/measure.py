"""What an execution of a definition costs in transitions, events and calls, read from the definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.asl import all_states, machines
from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.lambda_call import INVOKE_AND_WAIT, called_nodes, is_wait, payload_of
from engine.json_value import JsonObject

# Events that a state adds to the history when nothing fails: entered and exited, for a Task scheduled,
# started and succeeded too (and submitted, where it waits for its token), for Parallel and Map started and
# succeeded; an iteration starts and succeeds.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
STATE_EVENTS = {
    "Task": 5,
    "Parallel": 4,
    "Map": 4,
    "Choice": 2,
    "Wait": 2,
    "Pass": 2,
    "Succeed": 2,
    "Fail": 1,
}
ITERATION_EVENTS = 2
# A Distributed Map starts and ends a Map Run besides.
MAP_RUN_EVENTS = 2
# The execution starts, and succeeds.
EXECUTION_EVENTS = 2


@dataclass(frozen=True)
class Cost:
    """Transitions (states entered), events of the history, Lambda calls."""

    transitions: int = 0
    events: int = 0
    calls: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.transitions + other.transitions, self.events + other.events, self.calls + other.calls
        )

    def to_json(self) -> JsonObject:
        """The three counts."""
        return {
            "state_transitions": self.transitions,
            "history_events": self.events,
            "lambda_invocations": self.calls,
        }


def state_cost(state: JsonObject) -> Cost:
    """Of entering one state, without what runs inside it."""
    more = int(state.get("Resource") == INVOKE_AND_WAIT) + (MAP_RUN_EVENTS if is_distributed(state) else 0)
    return Cost(1, STATE_EVENTS[state["Type"]] + more, int(state["Type"] == "Task"))


def is_distributed(state: JsonObject) -> bool:
    """Whether it is a Map whose iterations are executions of their own."""
    config: JsonObject = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
    return bool(config.get("Mode") == "DISTRIBUTED")


def main_path(machine: JsonObject) -> Iterator[JsonObject]:
    """The states that an execution goes through when nothing fails, nothing is pending, no fork has a way."""
    name = machine["StartAt"]
    while name is not None:
        state = machine["States"][name]
        yield state
        name = state.get("Next") or state.get("Default")


def fork_ways(machine: JsonObject, state: JsonObject) -> list[str]:
    """The first states of the ways of a fork; nothing for other states.

    The Choice of a poll, and that between two Maps, are no forks: whatever they choose, the same nodes run.
    """
    firsts = [rule["Next"] for rule in state.get("Choices", [])]
    states = [(name, machine["States"][name]) for name in firsts]
    return [name for name, first in states if first["Type"] != "Map" and not is_wait(first)]


def execution_cost(definition: JsonObject) -> Cost:
    """Of one execution without items and repeated polls that takes the dearest way at each fork."""
    return _machine_cost(definition) + Cost(events=EXECUTION_EVENTS)


def _machine_cost(machine: JsonObject) -> Cost:
    return run_deep(_path_cost(machine, machine["StartAt"], None))


def _path_cost(machine: JsonObject, first: str, join: str | None) -> Deep[Cost]:
    """From one state to another, which is left out."""
    total = Cost()
    name: str | None = first
    while name is not None and name != join:
        state = machine["States"][name]
        total += state_cost(state)
        for branch in state.get("Branches", []):
            total += yield _path_cost(branch, branch["StartAt"], None)
        name = state.get("Next") or state.get("Default")
        ways: list[Cost] = yield all_of(_path_cost(machine, way, name) for way in fork_ways(machine, state))
        if ways:
            if machine["States"][name]["Type"] == "Succeed":
                ways.append(state_cost(machine["States"][name]))
                name = None
            total += max(ways, key=lambda cost: (cost.transitions, cost.events))
    return total


@dataclass(frozen=True)
class ItemCost:
    """Of one iteration of a Map: its cost, the items in it, and the ways there are to run it."""

    cost: Cost
    batch_size: int
    modes: tuple[str, ...]
    inline_items: int | None
    """With more items than that the Map is distributed; None: there is one way."""

    def to_json(self) -> JsonObject:
        """The counts; the events stand in the execution's own history only where the Map is inline."""
        return {**self.cost.to_json(), "batch_size": self.batch_size, "maps": list(self.modes)}


def item_costs(definition: JsonObject) -> dict[str, ItemCost]:
    """Of one more item, or batch of items, by the id of the for_each node."""
    found: dict[str, ItemCost] = {}
    for machine in machines(definition):
        for state in machine["States"].values():
            if state["Type"] == "Map":
                first = _first_task(state["ItemProcessor"])
                node_id = called_nodes(first)[0]
                known = found.get(node_id)
                batch_size = payload_of(first).get("batch", 1)
                mode = "distributed" if is_distributed(state) else "inline"
                found[node_id] = ItemCost(
                    _machine_cost(state["ItemProcessor"]) + Cost(events=ITERATION_EVENTS),
                    batch_size,
                    (*known.modes, mode) if known else (mode,),
                    None,
                )
    for state in all_states(definition):
        if state["Type"] == "Task" and (most := payload_of(state).get("inline_items")) is not None:
            node_id = next(node_id for node_id in called_nodes(state) if node_id in found)
            found[node_id] = replace(found[node_id], inline_items=most * found[node_id].batch_size)
    return found


def _first_task(machine: JsonObject) -> JsonObject:
    """The Task that a machine begins with, if need be in its first branch."""
    state: JsonObject = machine["States"][machine["StartAt"]]
    return _first_task(state["Branches"][0]) if "Branches" in state else state


def poll_costs(definition: JsonObject) -> dict[str, Cost]:
    """Of one more question to pending work, by the id of the polling node."""
    found: dict[str, Cost] = {}
    for machine in machines(definition):
        states = machine["States"]
        for state in states.values():
            if is_wait(state):
                asked = states[state["Next"]]
                repeated = state_cost(state) + state_cost(asked) + state_cost(states[asked["Next"]])
                found[called_nodes(asked)[0]] = repeated
    return found
