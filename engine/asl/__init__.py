"""Amazon States Language: the states that we compile to, and our own checks of a definition.

The only place that spells the language's keys.
"""

from __future__ import annotations

from engine.asl.check import (
    MAX_DEFINITION_BYTES,
    MAX_HISTORY_EVENTS,
    MAX_STATE_NAME_CHARACTERS,
    check_definition,
    definition_bytes,
)
from engine.asl.state import (
    ALL_ERRORS,
    Catcher,
    Choice,
    Fail,
    Machine,
    Map,
    Parallel,
    Pass,
    Path,
    Retrier,
    Rule,
    State,
    Succeed,
    Task,
    Template,
    Wait,
)
from engine.asl.walk import all_states, inner_machines, is_end, machines, targets

__all__ = [
    "Machine",
    "State",
    "Task",
    "Parallel",
    "Map",
    "Choice",
    "Rule",
    "Wait",
    "Pass",
    "Fail",
    "Succeed",
    "Retrier",
    "Catcher",
    "Path",
    "Template",
    "ALL_ERRORS",
    "check_definition",
    "definition_bytes",
    "MAX_DEFINITION_BYTES",
    "MAX_HISTORY_EVENTS",
    "MAX_STATE_NAME_CHARACTERS",
    "machines",
    "all_states",
    "inner_machines",
    "is_end",
    "targets",
]
