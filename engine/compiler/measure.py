"""What an execution of a definition costs in transitions, events and calls, read from the definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.asl import all_states, machines
from engine.compiler.deep import Deep, all_of, run_deep
from engine.compiler.lambda_call import INVOKE_AND_WAIT, called_nodes, is_wait
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
    submitted = int(state.get("Resource") == INVOKE_AND_WAIT)
    return Cost(1, STATE_EVENTS[state["Type"]] + submitted, int(state["Type"] == "Task"))


def main_path(machine: JsonObject) -> Iterator[JsonObject]:
    """The states that an execution goes through when nothing fails, nothing is pending, no fork has a way."""
    name = machine["StartAt"]
    while name is not None:
        state = machine["States"][name]
        yield state
        name = state.get("Next") or state.get("Default")


def fork_ways(machine: JsonObject, state: JsonObject) -> list[str]:
    """The first states of the ways of a fork; nothing for other states, the Choice of a poll too."""
    firsts = [rule["Next"] for rule in state.get("Choices", [])]
    return [name for name in firsts if not is_wait(machine["States"][name])]


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


def item_costs(definition: JsonObject) -> dict[str, Cost]:
    """Of one more item, by the id of the for_each node."""
    found: dict[str, Cost] = {}
    for state in all_states(definition):
        if state["Type"] == "Map":
            node_id = next(called_nodes(inner)[0] for inner in main_path(state["ItemProcessor"]))
            found[node_id] = _machine_cost(state["ItemProcessor"]) + Cost(events=ITERATION_EVENTS)
    return found


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
