"""The stages, one after another: steps, tree, regions, fusion, machine, mode, checks, report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from engine.asl import MAX_DEFINITION_BYTES, MAX_HISTORY_EVENTS, check_definition, definition_bytes
from engine.compiler.arrangement import Arrangement, arrange
from engine.compiler.duration import longest_seconds
from engine.compiler.emit import emit
from engine.compiler.express import finalise
from engine.compiler.levels import level_tree
from engine.compiler.map_group import group_maps
from engine.compiler.measure import execution_cost
from engine.compiler.mode import choose_mode
from engine.compiler.price import GUESSED_NODE_SECONDS, ExpressSeconds, price_executions
from engine.compiler.profile import Profile
from engine.compiler.report import make_report
from engine.compiler.schedule import critical_path
from engine.compiler.step import Step, plan_steps
from engine.compiler.tree import Tree, makespan
from engine.dag import Dag
from engine.errors import DocumentError, Problem
from engine.json_value import JsonObject, digest
from engine.registry import NodeRegistry
from engine.settled import settled_nodes
from engine.task import FINISH
from engine.workflow import MachineType, Workflow

# A light node takes milliseconds; one that is known to take longer shares no Task.
MAX_LIGHT_SECONDS = 0.25
# Problems for which a smaller plan is the cure, if there is one.
_TOO_MUCH = ("definition_too_large", "history_too_long")


@dataclass(frozen=True)
class Compiled:
    """What a workflow became: the definition, what is known of it, and its digest (64 hex digits)."""

    definition: JsonObject
    report: JsonObject
    digest: str
    mode: MachineType


def compile_workflow(
    workflow: Workflow,
    registry: NodeRegistry,
    *,
    targets: Mapping[str, str],
    profile: Profile | None = None,
    measured: Profile | None = None,
) -> Compiled:
    """Compile a workflow that ``validation`` found no problem in. Pure: the same input gives the same bytes.

    ``targets`` maps executors to function ARNs. ``profile`` is planned with; ``measured``, where it is given,
    is what the report predicts with: how a plan of yesterday does with the durations of today. A plan with
    durations that is too large gives way to smaller ones. Raises DocumentError where the machine would be
    over a limit of Step Functions, RequestError where a target is missing.
    """
    try:
        return _compile(workflow, registry, targets, profile, measured)
    except DocumentError as error:
        given_up = next((problem.message for problem in error.problems if problem.code in _TOO_MUCH), None)
        if profile is None or given_up is None:
            raise
    compiled = _compile(workflow, registry, targets, None, measured or profile)
    smaller = f"planned without durations, which are too much for one machine: {given_up.partition(':')[0]}"
    return replace(compiled, report=compiled.report | {"smaller_plan": smaller})


def _compile(
    workflow: Workflow,
    registry: NodeRegistry,
    targets: Mapping[str, str],
    profile: Profile | None,
    measured: Profile | None,
) -> Compiled:
    """The same, with this profile or not at all."""
    settled = {node.id for node in settled_nodes(workflow)}
    steps = {step.id: step for step in plan_steps(workflow, registry, targets) if step.id not in settled}
    whole = Dag.of(workflow).without(settled)
    known = _known_seconds(workflow, steps, profile)
    steps = _light_as_known(steps, known)
    alone, grouped = steps, group_maps(workflow, whole, steps)
    dag, steps = grouped.dag, dict(grouped.steps)
    seconds = grouped.seconds(known, whole)
    predicted = seconds
    if measured:
        predicted = grouped.seconds(_known_seconds(workflow, alone, measured), whole)
    arranged = arrange(grouped.workflow, dag, seconds, steps)
    tree = arranged.tree
    standard = definition = arranged.definition
    express = arranged.machine
    if workflow.settings.mode != "standard" and any(step.items for step in steps.values()):
        express = arrange(grouped.workflow, dag, seconds, _without_distributed(steps)).machine
    longest = longest_seconds(tree, workflow, registry, grouped.groups)
    prices = price_executions(execution_cost(standard), _express_seconds(dag, tree, steps, predicted))
    mode = choose_mode(workflow, registry, express.to_json(), targets, longest=longest, prices=prices)
    if mode.chosen == "express" and not mode.problems:
        seconds_left = workflow.settings.longest_seconds("express")
        definition = finalise(express, targets[FINISH], seconds_left).to_json()
    problems = [*mode.problems, *_size_problems(definition, len(workflow.nodes))]
    if profile is not None and len(problems) > len(mode.problems):
        raise DocumentError(problems)  # a smaller plan follows, which is looked at whole
    if not problems and (faults := check_definition(definition)):
        raise AssertionError(f"the compiler made a definition that does not hold: {'; '.join(faults)}")
    report = {
        **make_report(definition, dag, tree, predicted, mode=mode.chosen, put_off=arranged.put_off),
        "mode": mode.to_json(),
        "cost_per_1000_executions": prices,
        "nodes": len(workflow.nodes),
        "settled_at_start": sorted(settled),
        "fused_maps": {root: list(members) for root, members in grouped.groups.items()},
        "level_compiler": _level_compiler(workflow, registry, targets),
        "smaller_plan": _smaller_plan(arranged),
    }
    if mode.chosen == "standard":
        problems += _history_problems(
            report["history_events"] + _events_of_rounds(workflow, registry, report)
        )
    if problems:
        raise DocumentError(problems)
    return Compiled(definition, report, digest(definition), mode.chosen)


def _smaller_plan(arranged: Arrangement) -> str | None:
    """What was given up for the size of the definition, in words."""
    if arranged.too_large_bytes is None:
        return None
    return (
        f"planned without latches: with their waits the definition would take {arranged.too_large_bytes:,} "
        f"bytes, and Step Functions takes {MAX_DEFINITION_BYTES:,}"
    )


def _express_seconds(
    dag: Dag, tree: Tree | None, steps: Mapping[str, Step], seconds: Mapping[str, float] | None
) -> ExpressSeconds:
    """How long an express execution is paid for: as predicted, or else by a guess that says so."""
    if tree is not None and seconds is not None:
        return ExpressSeconds(makespan(tree, seconds), "the predicted makespan")
    guess = {
        step.id: 0.0 if step.light else GUESSED_NODE_SECONDS * max(1, len(step.members))
        for step in steps.values()
    }
    told = f"{GUESSED_NODE_SECONDS:g} s for each node of the longest chain that is not light"
    return ExpressSeconds(sum(guess[node_id] for node_id in critical_path(dag, guess)), told)


def _without_distributed(steps: Mapping[str, Step]) -> dict[str, Step]:
    """The steps with inline Maps alone: express machines have no others, and no history to be full."""
    return {
        step.id: replace(step, items=replace(step.items, only_inline=True)) if step.items else step
        for step in steps.values()
    }


def _level_compiler(workflow: Workflow, registry: NodeRegistry, targets: Mapping[str, str]) -> JsonObject:
    """What one Task for each node, level after level, would cost: the measure of regions and fusion."""
    steps = {step.id: step for step in plan_steps(workflow, registry, targets)}
    tree = level_tree(Dag.of(workflow)) if steps else None
    machine = emit(tree, steps, workflow.settings.timeout_seconds)
    return execution_cost(machine.to_json()).to_json()


def _known_seconds(
    workflow: Workflow, steps: Mapping[str, Step], profile: Profile | None
) -> dict[str, float] | None:
    """Seconds of every step; None where that of any is unknown, for a guess helps nobody.

    Light nodes take none, where nothing else is known, and nodes that are disabled take none at all.
    """
    if profile is None:
        return None
    known: dict[str, float] = {}
    for node in workflow.nodes:
        if node.id in steps:
            seconds = 0.0 if node.disabled else profile.seconds(node.id, node.type)
            if seconds is None and not steps[node.id].light:
                return None
            known[node.id] = seconds or 0.0
    return known


def _light_as_known(steps: dict[str, Step], known: Mapping[str, float] | None) -> dict[str, Step]:
    """The steps, those that are known to take longer not as light ones."""
    if known is None:
        return steps
    return {
        node_id: replace(step, light=step.light and known[node_id] <= MAX_LIGHT_SECONDS)
        for node_id, step in steps.items()
    }


def _size_problems(definition: JsonObject, nodes: int) -> Iterator[Problem]:
    size = definition_bytes(definition)
    if size > MAX_DEFINITION_BYTES:
        told = (
            f"compiled, the workflow takes {size:,} bytes, {size // nodes:,} a node (for_each, on_error and "
            f"polling take most), and Step Functions takes {MAX_DEFINITION_BYTES:,}:"
        )
        yield _too_much("definition_too_large", told, size / MAX_DEFINITION_BYTES)


def _events_of_rounds(workflow: Workflow, registry: NodeRegistry, report: JsonObject) -> int:
    """What nodes write that ask again and again, where the document says how often at most."""
    costs = report["per_poll"]
    return sum(
        registry.get(node.type).most_polls(node.config) * costs[node.id]["history_events"]
        for node in workflow.nodes
        if node.id in costs
    )


def _history_problems(events: int) -> Iterator[Problem]:
    if events > MAX_HISTORY_EVENTS:
        told = (
            f"an execution would write up to {events:,} history events, and Step Functions keeps "
            f"{MAX_HISTORY_EVENTS:,}: let loops go fewer rounds, or"
        )
        yield _too_much("history_too_long", told, events / MAX_HISTORY_EVENTS)


def _too_much(code: str, told: str, ratio: float) -> Problem:
    """A problem whose cure is known: a child has a definition and a history of its own."""
    cure = (
        f"divide it into {math.ceil(ratio)} workflows or more, the others called by `workflow` nodes of one"
    )
    return Problem(code, f"{told} {cure}", field="nodes")
