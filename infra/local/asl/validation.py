"""Checks that CreateStateMachine makes and the parser does not: targets, reachability, ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.asl.patches import apply_interpreter_patches


class InvalidDefinitionError(ValueError):
    """The definition is not valid; ``problems`` lists every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


# What an express machine does not have
# (https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html).
_STANDARD_PATTERNS = (".waitForTaskToken", ".sync", ".sync:2")


def definition_problems(definition: str, machine_type: str = "STANDARD") -> list[str]:
    """Return what is wrong with a definition, as AWS words it; empty when nothing is."""
    try:
        document = json.loads(definition)
    except ValueError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    if not isinstance(document, dict) or not isinstance(document.get("States"), dict):
        return ["SCHEMA_VALIDATION_FAILED: The field 'States' is required and must be an object"]
    found = _syntax_problems(definition) or list(_flow_problems(document, ""))
    return found or (list(_express_problems(document, "")) if machine_type == "EXPRESS" else [])


def _syntax_problems(definition: str) -> list[str]:
    apply_interpreter_patches()  # before the import, which would bring much that is not needed
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException

    try:
        AmazonStateLanguageParser.parse(definition)
    except ASLParserException as error:
        return [f"SCHEMA_VALIDATION_FAILED: {error}"]
    except (ValueError, RuntimeError, AttributeError, TypeError, KeyError) as error:
        # The parser's visitors fail on what the grammar lets through with whatever exception comes.
        return [f"SCHEMA_VALIDATION_FAILED: {error}"]
    return []


def _flow_problems(machine: dict[str, Any], path: str) -> Iterator[str]:
    states: dict[str, dict[str, Any]] = machine["States"]
    start = machine.get("StartAt")
    if start not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {start} at {path}/StartAt"
    reached: set[str] = set()
    waiting = [start]
    has_end = False
    while waiting:
        name = waiting.pop()
        if name is None or name in reached or name not in states:
            continue
        reached.add(name)
        state = states[name]
        yield from _state_problems(states, name, path)
        waiting.extend(_targets(state))
        has_end = has_end or state["Type"] in ("Succeed", "Fail") or bool(state.get("End"))
    for name in states:
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {path}/States/{name}'
    if start in states and not has_end:
        yield f"MISSING_END_STATE: No state ends the machine at {path or '/'}"


def _state_problems(states: dict[str, dict[str, Any]], name: str, path: str) -> Iterator[str]:
    state = states[name]
    where = f"{path}/States/{name}"
    for target in _targets(state):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {where}"
    if state["Type"] not in ("Succeed", "Fail", "Choice") and not state.get("End") and "Next" not in state:
        yield f"SCHEMA_VALIDATION_FAILED: Field 'Next' or 'End' is required at {where}"
    inner = [*state.get("Branches", []), state.get("ItemProcessor"), state.get("Iterator")]
    for number, machine in enumerate(machine for machine in inner if machine):
        yield from _flow_problems(machine, f"{where}[{number}]")


def _express_problems(machine: dict[str, Any], path: str) -> Iterator[str]:
    for name, state in machine["States"].items():
        where = f"{path}/States/{name}"
        resource = str(state.get("Resource", ""))
        if resource.endswith(_STANDARD_PATTERNS) or ":activity:" in resource:
            yield f"SCHEMA_VALIDATION_FAILED: {resource} is not supported by EXPRESS at {where}"
        processor = state.get("ItemProcessor") or state.get("Iterator")
        if processor and processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            yield f"SCHEMA_VALIDATION_FAILED: Mode DISTRIBUTED is not supported by EXPRESS at {where}"
        for inner in (*state.get("Branches", []), *([processor] if processor else [])):
            yield from _express_problems(inner, where)


def _targets(state: dict[str, Any]) -> list[str]:
    rules = [*state.get("Choices", []), *state.get("Catch", [])]
    targets = [state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)]
    return [target for target in targets if target is not None]
