"""Amazon States Language: one frozen dataclass per kind of state, and the only place that spells its keys.

Only what we compile to is here, in its JSONPath form (https://states-language.net/spec.html). A state
goes on to ``next``, or ends its machine where that is None: never both, never neither. What stands at its
default in the language (a Retrier's numbers) is left out, since definitions are bounded in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.json_value import JsonObject, JsonValue

# What the language assumes where a Retrier says nothing (https://states-language.net/spec.html#retrying-after-error).
DEFAULT_INTERVAL_SECONDS = 1
DEFAULT_MAX_ATTEMPTS = 3
DEFAULT_BACKOFF_RATE = 2.0

ALL_ERRORS = "States.ALL"


@dataclass(frozen=True)
class Path:
    """A value that is read when the state runs: ``$.x`` of its input, ``$$.x`` of the context object."""

    text: str


# Constants, paths and objects of them.
Template: TypeAlias = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Retrier:
    """Try again after any of these errors: ``max_attempts`` times besides the first."""

    errors: tuple[str, ...]
    interval_seconds: int = DEFAULT_INTERVAL_SECONDS
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    backoff_rate: float = DEFAULT_BACKOFF_RATE
    max_delay_seconds: int | None = None
    full_jitter: bool = False

    def to_json(self) -> JsonObject:
        """The retrier, without what the language assumes anyway."""
        spelled: JsonObject = {"ErrorEquals": list(self.errors)}
        if self.interval_seconds != DEFAULT_INTERVAL_SECONDS:
            spelled["IntervalSeconds"] = self.interval_seconds
        if self.max_attempts != DEFAULT_MAX_ATTEMPTS:
            spelled["MaxAttempts"] = self.max_attempts
        if self.backoff_rate != DEFAULT_BACKOFF_RATE:
            spelled["BackoffRate"] = self.backoff_rate
        if self.max_delay_seconds is not None:
            spelled["MaxDelaySeconds"] = self.max_delay_seconds
        if self.full_jitter:
            spelled["JitterStrategy"] = "FULL"
        return spelled


@dataclass(frozen=True)
class Catcher:
    """Go to ``next`` after any of these errors; the error goes to ``result_path`` of the input."""

    errors: tuple[str, ...]
    next: str
    result_path: str

    def to_json(self) -> JsonObject:
        """The catcher."""
        return {"ErrorEquals": list(self.errors), "ResultPath": self.result_path, "Next": self.next}


@dataclass(frozen=True)
class Task:
    """Work done elsewhere. Its result goes to ``result_path`` of the input; None drops it."""

    resource: str
    parameters: Template
    timeout_seconds: int | Path
    next: str | None
    result_selector: Template | None = None
    result_path: str | None = None
    retry: Sequence[Retrier] = ()
    catch: Sequence[Catcher] = ()

    def to_json(self) -> JsonObject:
        """The state."""
        spelled: JsonObject = {"Type": "Task", "Resource": self.resource}
        spelled["Parameters"] = _spell_template(self.parameters)
        if self.result_selector is not None:
            spelled["ResultSelector"] = _spell_template(self.result_selector)
        spelled["ResultPath"] = self.result_path
        spelled |= _spell_template({"TimeoutSeconds": self.timeout_seconds}, "Path")
        return {**spelled, **_spell_errors(self.retry, self.catch), **_spell_next(self.next)}


@dataclass(frozen=True)
class Parallel:
    """All branches at once, each on a copy of the input; their results are dropped."""

    branches: Sequence[Machine]
    next: str | None
    catch: Sequence[Catcher] = ()

    def to_json(self) -> JsonObject:
        """The state."""
        branches = [branch.to_json() for branch in self.branches]
        spelled: JsonObject = {"Type": "Parallel", "Branches": branches, "ResultPath": None}
        return {**spelled, **_spell_errors((), self.catch), **_spell_next(self.next)}


@dataclass(frozen=True)
class Map:
    """A machine for each item of the list at ``items_path``; the results are dropped."""

    items_path: str
    item_selector: Template
    max_concurrency: int
    processor: Machine
    next: str | None

    def to_json(self) -> JsonObject:
        """The state."""
        return {
            "Type": "Map",
            "ItemsPath": self.items_path,
            "ItemSelector": _spell_template(self.item_selector),
            "MaxConcurrency": self.max_concurrency,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **self.processor.to_json()},
            "ResultPath": None,
            **_spell_next(self.next),
        }


@dataclass(frozen=True)
class Rule:
    """Go to ``next`` where the value at ``variable`` equals this one."""

    variable: str
    equals: bool | str
    next: str

    def to_json(self) -> JsonObject:
        """The choice rule."""
        comparison = "BooleanEquals" if isinstance(self.equals, bool) else "StringEquals"
        return {"Variable": self.variable, comparison: self.equals, "Next": self.next}


@dataclass(frozen=True)
class Choice:
    """The first rule that holds, or the default."""

    rules: Sequence[Rule]
    default: str

    def to_json(self) -> JsonObject:
        """The state."""
        return {"Type": "Choice", "Choices": [rule.to_json() for rule in self.rules], "Default": self.default}


@dataclass(frozen=True)
class Wait:
    """Wait as many seconds as stand at ``seconds_path``."""

    seconds_path: str
    next: str | None

    def to_json(self) -> JsonObject:
        """The state."""
        return {"Type": "Wait", "SecondsPath": self.seconds_path, **_spell_next(self.next)}


@dataclass(frozen=True)
class Pass:
    """Nothing happens; the input goes on."""

    next: str | None

    def to_json(self) -> JsonObject:
        """The state."""
        return {"Type": "Pass", **_spell_next(self.next)}


@dataclass(frozen=True)
class Fail:
    """The execution fails with this error and cause."""

    error: str
    cause: str

    def to_json(self) -> JsonObject:
        """The state."""
        return {"Type": "Fail", "Error": self.error, "Cause": self.cause}


@dataclass(frozen=True)
class Succeed:
    """The machine, or the branch, ends here."""

    def to_json(self) -> JsonObject:
        """The state."""
        return {"Type": "Succeed"}


State: TypeAlias = Task | Parallel | Map | Choice | Wait | Pass | Fail | Succeed


@dataclass(frozen=True)
class Machine:
    """A state machine, a branch, or the machine of a Map's items."""

    start: str
    states: Mapping[str, State]
    timeout_seconds: int | None = None
    comment: str | None = field(default=None)

    def to_json(self) -> JsonObject:
        """The definition, or the part of it."""
        spelled: JsonObject = {}
        if self.comment is not None:
            spelled["Comment"] = self.comment
        spelled["StartAt"] = self.start
        if self.timeout_seconds is not None:
            spelled["TimeoutSeconds"] = self.timeout_seconds
        spelled["States"] = {name: state.to_json() for name, state in self.states.items()}
        return spelled


def _spell_next(target: str | None) -> JsonObject:
    return {"End": True} if target is None else {"Next": target}


def _spell_errors(retry: Sequence[Retrier], catch: Sequence[Catcher]) -> JsonObject:
    spelled: JsonObject = {}
    if retry:
        spelled["Retry"] = [retrier.to_json() for retrier in retry]
    if catch:
        spelled["Catch"] = [catcher.to_json() for catcher in catch]
    return spelled


def _spell_template(template: Template, mark: str = ".$") -> JsonObject:
    spelled: JsonObject = {}
    for key, value in template.items():
        if isinstance(value, Path):
            spelled[f"{key}{mark}"] = value.text
        else:
            spelled[key] = _spell_template(value) if isinstance(value, Mapping) else value
    return spelled
