"""Our own checks of a definition: what Step Functions refuses, and what it accepts and then runs wrongly.

They read the JSON that is sent, so that a fault in the compiler's own values shows here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.asl.state import ALL_ERRORS
from engine.asl.walk import is_end, machines, targets
from engine.json_value import JsonObject, dump_json

# 1 MB a request, https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html; the rest of the
# request (name, role, logging) has 4 KiB to itself.
MAX_DEFINITION_BYTES = 1_048_576 - 4_096
# Events in the history of a standard execution, same page.
MAX_HISTORY_EVENTS = 25_000
# Same page.
MAX_STATE_NAME_CHARACTERS = 80
# The longest TimeoutSeconds, Wait and MaxDelaySeconds, https://states-language.net/spec.html and
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
MAX_SECONDS = 99_999_999
MAX_DELAY_SECONDS = 31_622_399


def definition_bytes(definition: JsonObject) -> int:
    """How many bytes the definition takes in a request: it travels as a string, so its quotes are escaped."""
    return len(dump_json(dump_json(definition)).encode())


def check_definition(definition: JsonObject) -> list[str]:
    """What is wrong with a definition, one sentence each; empty when nothing is."""
    problems: list[str] = []
    names: Counter[str] = Counter()
    for machine in machines(definition):
        names.update(list(machine["States"]))
        problems.extend(_check_machine(machine))
    problems.extend(f"the name '{name}' is given {count} times" for name, count in names.items() if count > 1)
    problems.extend(_check_name(name) for name in names if _check_name(name))
    size = definition_bytes(definition)
    if size > MAX_DEFINITION_BYTES:
        problems.append(f"the definition has {size:,} bytes; the limit is {MAX_DEFINITION_BYTES:,}")
    return problems


def _check_name(name: str) -> str:
    if len(name) > MAX_STATE_NAME_CHARACTERS:
        return f"the name '{name}' has {len(name)} characters; the limit is {MAX_STATE_NAME_CHARACTERS}"
    return "" if name.isprintable() and name.strip() == name else f"the name {name!r} has odd characters"


def _check_machine(machine: JsonObject) -> Iterator[str]:
    states: dict[str, JsonObject] = machine["States"]
    if machine["StartAt"] not in states:
        yield f"StartAt names '{machine['StartAt']}', which is not there"
    for name, state in states.items():
        yield from (f"'{name}': {problem}" for problem in _check_state(state, states))
    reached: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting.extend(targets(states[name]))
    yield from (f"'{name}' cannot be reached" for name in states if name not in reached)
    if not any(is_end(states[name]) for name in reached):
        yield f"the machine that starts at '{machine['StartAt']}' never ends"


def _check_state(state: JsonObject, states: dict[str, JsonObject]) -> Iterator[str]:
    for target in targets(state):
        if target not in states:
            yield f"it goes to '{target}', which is not in the same machine"
    if state["Type"] in ("Choice", "Succeed", "Fail"):
        if "Next" in state or "End" in state:
            yield f"a {state['Type']} has neither Next nor End"
    elif ("Next" in state) == (state.get("End") is True):
        yield "it needs either Next or End: true"
    if state["Type"] == "Choice" and "Default" not in state:
        yield "a Choice needs a Default, or an execution may fail where no rule holds"
    in_time = 0 < state.get("TimeoutSeconds", 0) <= MAX_SECONDS or "TimeoutSecondsPath" in state
    if state["Type"] == "Task" and not in_time:
        yield f"a Task needs TimeoutSeconds between 1 and {MAX_SECONDS:,}"
    for field in ("Retry", "Catch"):
        yield from _check_errors(field, state.get(field, []))
    yield from _check_retriers(state.get("Retry", []))
    yield from _check_template(state.get("Parameters", {}))
    yield from _check_template(state.get("ItemSelector", {}))


def _check_errors(field: str, rules: list[JsonObject]) -> Iterator[str]:
    for index, rule in enumerate(rules):
        errors = rule["ErrorEquals"]
        if not errors:
            yield f"{field}[{index}] names no error"
        if ALL_ERRORS in errors and (len(errors) > 1 or index + 1 < len(rules)):
            yield f"{field}[{index}]: {ALL_ERRORS} must stand alone and last"


def _check_retriers(retriers: list[JsonObject]) -> Iterator[str]:
    for index, retrier in enumerate(retriers):
        if retrier.get("IntervalSeconds", 1) < 1 or retrier.get("BackoffRate", 2.0) < 1:
            yield f"Retry[{index}]: IntervalSeconds and BackoffRate are 1 or more"
        if not 0 <= retrier.get("MaxAttempts", 3) <= MAX_SECONDS:
            yield f"Retry[{index}]: MaxAttempts is between 0 and {MAX_SECONDS:,}"
        longest = retrier.get("MaxDelaySeconds")
        if longest is not None and not retrier.get("IntervalSeconds", 1) < longest <= MAX_DELAY_SECONDS:
            yield f"Retry[{index}]: MaxDelaySeconds is above IntervalSeconds, {MAX_DELAY_SECONDS:,} at most"


def _check_template(template: JsonObject) -> Iterator[str]:
    for key, value in template.items():
        if key.endswith(".$") and not (isinstance(value, str) and value.startswith("$")):
            yield f"'{key}' must be a path"
        if isinstance(value, dict):
            yield from _check_template(value)
