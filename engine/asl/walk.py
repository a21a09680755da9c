"""Walking a definition as JSON: where a state leads, what it contains."""

from __future__ import annotations

from collections.abc import Iterator

from engine.json_value import JsonObject


def targets(state: JsonObject) -> list[str]:
    """The names that a state may go to: Next, Default, and those of its rules and catchers."""
    rules = [*state.get("Choices", []), *state.get("Catch", [])]
    named = [state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)]
    return [name for name in named if name is not None]


def is_end(state: JsonObject) -> bool:
    """Whether a machine may end with this state."""
    return state.get("End") is True or state.get("Type") in ("Succeed", "Fail")


def inner_machines(state: JsonObject) -> list[JsonObject]:
    """The branches of a Parallel, the processor of a Map, nothing for any other."""
    processor = state.get("ItemProcessor")
    return [*state.get("Branches", []), *([processor] if processor else [])]


def machines(definition: JsonObject) -> Iterator[JsonObject]:
    """The machine, and every machine inside it, outer ones first."""
    waiting = [definition]
    while waiting:
        machine = waiting.pop()
        yield machine
        for state in machine["States"].values():
            waiting.extend(inner_machines(state))


def all_states(definition: JsonObject) -> Iterator[JsonObject]:
    """Every state of the machine and of those inside it."""
    for machine in machines(definition):
        yield from machine["States"].values()
