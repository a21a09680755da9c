"""Standard or express: what does not fit on an express machine, and what ``auto`` comes to.

Express is chosen for nobody who did not ask: a node may run twice at the same time there, and what is not
done after five minutes is ended. ``auto`` takes it where neither the definition nor the timeouts speak
against it. https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.asl import all_states
from engine.compiler.duration import longest_node_seconds
from engine.errors import Problem
from engine.json_value import JsonObject
from engine.node import BaseNode
from engine.registry import NodeRegistry
from engine.task import FINISH
from engine.workflow import EXPRESS_SECONDS, MachineType, Node, Workflow

# What a resource of a Task ends with that an express machine does not take, and what it is in words.
_PATTERNS = {
    ".waitForTaskToken": "waits for a task token",
    ".sync": "waits for another execution or job",
    ".sync:2": "waits for another execution or job",
}
CURE = "set settings.mode to standard (or auto)"


@dataclass(frozen=True)
class ModeChoice:
    """Which type of machine, and why, in sentences. ``longest_seconds``: by all timeouts; None: unbounded.

    ``problems``: all that does not fit, where the document asks for express.
    """

    asked: str
    chosen: MachineType
    why: tuple[str, ...]
    longest_seconds: float | None
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> JsonObject:
        """As the report has it."""
        return {
            "asked": self.asked,
            "chosen": self.chosen,
            "why": list(self.why),
            "longest_seconds": None if self.longest_seconds is None else round(self.longest_seconds, 3),
        }


def choose_mode(
    workflow: Workflow,
    registry: NodeRegistry,
    definition: JsonObject,
    targets: Mapping[str, str],
    *,
    longest: float | None,
    prices: JsonObject,
) -> ModeChoice:
    """The type of machine for the ``definition`` of an express one, which takes ``longest`` at most."""
    asked = workflow.settings.mode
    if asked == "standard":
        return ModeChoice(asked, "standard", ("settings.mode is standard",), longest)
    problems = [*find_misfits(workflow, registry, definition)]
    if FINISH not in targets:
        problems.append(_problem(f"there is no function to end its executions: name a target '{FINISH}'"))
    if asked == "express":
        why = ("settings.mode is express", *_warnings(longest))
        return ModeChoice(asked, "express", why, longest, tuple(problems))
    doubts = (*_doubts(workflow, registry, longest), *_dearer(prices))
    against = [*(_told(problem) for problem in problems), *doubts]
    if against:
        return ModeChoice(asked, "standard", tuple(against), longest)
    return ModeChoice(asked, "express", (_fits(workflow, longest),), longest)


def find_misfits(workflow: Workflow, registry: NodeRegistry, definition: JsonObject) -> Iterator[Problem]:
    """All that an express machine cannot do, each with its cure."""
    for state in all_states(definition):
        told = _misfit(state)
        if told is not None:
            yield _problem(f"it {told}, and an express machine cannot: {CURE}", _node_of(state))
    settings = workflow.settings
    if "timeout_seconds" in settings.model_fields_set and settings.timeout_seconds > EXPRESS_SECONDS:
        yield _problem(
            f"an express execution ends after {EXPRESS_SECONDS} s, and this is {settings.timeout_seconds:,}: "
            f"lower it, or {CURE}",
            field="settings.timeout_seconds",
        )
    for node in workflow.nodes:
        if not node.disabled:
            yield from _check_node(node, registry.get(node.type))


def _check_node(node: Node, node_class: type[BaseNode]) -> Iterator[Problem]:
    if node.timeout_seconds is not None and node.timeout_seconds > EXPRESS_SECONDS:
        yield _problem(
            f"an express execution ends after {EXPRESS_SECONDS} s, and the node may take "
            f"{node.timeout_seconds:,}: lower it, or {CURE}",
            node.id,
            "timeout_seconds",
        )
    wait = node_class.longest_wait_seconds(node.config)
    if wait is not None and wait > EXPRESS_SECONDS:
        yield _problem(
            f"it waits {wait:,.0f} s, and an express execution ends after {EXPRESS_SECONDS} s: "
            f"wait less, or {CURE}",
            node.id,
            "config",
        )


def _misfit(state: JsonObject) -> str | None:
    resource = str(state.get("Resource", ""))
    for ending, words in _PATTERNS.items():
        if resource.endswith(ending):
            return words
    if ":activity:" in resource:
        return "is an activity"
    config = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
    return "runs its items in a Distributed Map" if config.get("Mode") == "DISTRIBUTED" else None


def _node_of(state: JsonObject) -> str | None:
    """The node that a state is there for, where a Task in it says so."""
    inner = [state] if "Parameters" in state else list(all_states(state["ItemProcessor"]))
    for candidate in inner:
        named = candidate.get("Parameters", {}).get("Payload", {})
        found = named.get("nodes") or named.get("await")
        if found:
            return str(found[0])
    return None


def _doubts(workflow: Workflow, registry: NodeRegistry, longest: float | None) -> Iterator[str]:
    """Why ``auto`` stays with standard where express would be possible."""
    bounded = "timeout_seconds" in workflow.settings.model_fields_set
    if bounded and workflow.settings.timeout_seconds <= EXPRESS_SECONDS:
        return
    if longest is not None and longest <= EXPRESS_SECONDS:
        return
    unbounded = [node.id for node in workflow.nodes if longest_node_seconds(node, registry) is None]
    if unbounded:
        yield (
            f"how long '{unbounded[0]}' takes depends on its data; where five minutes are enough, set "
            f"settings.timeout_seconds to {EXPRESS_SECONDS} or less, or settings.mode to express"
        )
    else:
        yield (
            f"by the timeouts of its nodes it may take {longest:,.0f} s, and an express execution ends after "
            f"{EXPRESS_SECONDS}; where that is enough, set settings.timeout_seconds to it or less"
        )


def _fits(workflow: Workflow, longest: float | None) -> str:
    if longest is not None and longest <= EXPRESS_SECONDS:
        return f"by the timeouts of its nodes it takes {longest:,.0f} s at most"
    return f"settings.timeout_seconds ends it after {workflow.settings.timeout_seconds} s"


def _dearer(prices: JsonObject) -> Iterator[str]:
    assumed, most = prices["express_assumes"], prices["express_costs_less_below_seconds"]
    if prices["express"] > prices["standard_state_transitions"]:
        lasts = f"it lasts {assumed['seconds']:,.0f} s ({assumed['because']})"
        yield f"{lasts}, and express costs more from {most:,.0f} s on"


def _warnings(longest: float | None) -> Iterator[str]:
    if longest is None:
        yield f"how long it takes depends on its data; after {EXPRESS_SECONDS} s it is ended"
    elif longest > EXPRESS_SECONDS:
        yield f"by its timeouts it may take {longest:,.0f} s; after {EXPRESS_SECONDS} s it is ended"


def _problem(message: str, node: str | None = None, field: str | None = None) -> Problem:
    where = field or ("type" if node else "settings.mode")
    return Problem("express_misfit", message, node, where)


def _told(problem: Problem) -> str:
    where = f"'{problem.node}': " if problem.node else ""
    return f"{where}{problem.message.removesuffix(f': {CURE}').removesuffix(f', or {CURE}')}"
