"""The stages, one after another: steps, tree, machine, checks, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.asl import MAX_DEFINITION_BYTES, MAX_HISTORY_EVENTS, check_definition, definition_bytes
from engine.compiler.emit import emit
from engine.compiler.levels import level_tree
from engine.compiler.profile import Profile
from engine.compiler.report import make_report
from engine.compiler.series_parallel import series_parallel_tree
from engine.compiler.step import plan_steps
from engine.dag import Dag
from engine.errors import DocumentError, Problem
from engine.json_value import JsonObject, digest
from engine.registry import NodeRegistry
from engine.workflow import Workflow


@dataclass(frozen=True)
class Compiled:
    """What a workflow became: the definition, what is known of it, and its digest (64 hex digits)."""

    definition: JsonObject
    report: JsonObject
    digest: str


def compile_workflow(
    workflow: Workflow,
    registry: NodeRegistry,
    *,
    targets: Mapping[str, str],
    profile: Profile | None = None,
) -> Compiled:
    """Compile a workflow that ``validation`` found no problem in. Pure: the same input gives the same bytes.

    ``targets`` maps executors to function ARNs. Raises DocumentError where the machine would be over a
    limit of Step Functions, RequestError where a target is missing.
    """
    steps = plan_steps(workflow, registry, targets)
    dag = Dag.of(workflow)
    seconds = _known_seconds(workflow, profile)
    tree = series_parallel_tree(dag, seconds)
    machine = emit(tree, {step.id: step for step in steps}, workflow.settings.timeout_seconds)
    definition = machine.to_json()
    _check_size(definition)
    faults = check_definition(definition)
    if faults:
        raise AssertionError(f"the compiler made a definition that does not hold: {'; '.join(faults)}")
    report = make_report(definition, dag, tree, level_tree(dag), seconds)
    _check_history(report)
    return Compiled(definition, report, digest(definition))


def _known_seconds(workflow: Workflow, profile: Profile | None) -> dict[str, float] | None:
    """Seconds of every node; None where that of any is unknown, for a guess helps nobody."""
    found = {node.id: profile.seconds(node.id, node.type) for node in workflow.nodes} if profile else {}
    known = {node_id: seconds for node_id, seconds in found.items() if seconds is not None}
    return known if len(known) == len(workflow.nodes) else None


def _check_size(definition: JsonObject) -> None:
    size = definition_bytes(definition)
    if size > MAX_DEFINITION_BYTES:
        raise DocumentError(
            [
                Problem(
                    "definition_too_large",
                    f"compiled, the workflow takes {size:,} bytes, and Step Functions takes "
                    f"{MAX_DEFINITION_BYTES:,}: split it into two workflows",
                    field="nodes",
                )
            ]
        )


def _check_history(report: JsonObject) -> None:
    events = report["history_events"]
    if events > MAX_HISTORY_EVENTS:
        raise DocumentError(
            [
                Problem(
                    "history_too_long",
                    f"an execution would write {events:,} history events, and Step Functions keeps "
                    f"{MAX_HISTORY_EVENTS:,}: split it into two workflows",
                    field="nodes",
                )
            ]
        )
