"""``plan``: what a workflow compiles to, for people."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.compiler import Profile
from engine.compiler.simulation import Assumptions, simulate
from engine.errors import DocumentError
from engine.json_value import JsonObject
from engine.registry import NodeRegistry
from engine.workflow import Workflow
from infra.cli.compilation import check_file, compile_checked, installed_nodes, read_profile
from infra.cli.compile_command import print_problems
from infra.cli.failure import FAILED
from infra.cli.machine_tree import draw_machine
from infra.cli.timeline import draw_timeline

# Waits, and steps of the longest path, that are told to people; the report has more.
MAX_TOLD = 10


def print_plan(path: Path, profile_path: Path | None) -> int:
    """Print the machine, the times, the numbers and the waits; the exit code."""
    registry = installed_nodes()
    profile = read_profile(profile_path)
    try:
        workflow = check_file(path, registry)
        compiled = compile_checked(workflow, registry, profile)
    except DocumentError as error:
        print_problems(path, error)
        return FAILED
    report = compiled.report
    console = Console(highlight=False)
    console.print(Text(workflow.name, style="bold"))
    if workflow.description:
        console.print(Text(workflow.description, style="dim"))
    console.print()
    console.print(draw_machine(compiled.definition))
    console.print()
    _print_timeline(
        console, compiled.definition, _expected_seconds(workflow, registry, profile, report), report
    )
    _print_prediction(console, report)
    _print_waits(console, report)
    console.print()
    console.print(_numbers(report))
    return 0


def _expected_seconds(
    workflow: Workflow, registry: NodeRegistry, profile: Profile | None, report: JsonObject
) -> dict[str, float]:
    """What each node takes; where that is not known of all, one step for each that is not light."""
    if report["predicted"] is None or profile is None:
        return {node.id: float(not registry.get(node.type).light) for node in workflow.nodes}
    return {
        node.id: 0.0 if node.disabled else profile.seconds(node.id, node.type) or 0.0
        for node in workflow.nodes
    }


def _print_timeline(
    console: Console, definition: JsonObject, seconds: dict[str, float], report: JsonObject
) -> None:
    spans = simulate(definition, Assumptions(seconds)).spans
    predicted = report["predicted"]
    critical = spans if predicted is None else [step["node"] for step in predicted["critical_path"]]
    if spans:
        console.print(draw_timeline(spans, critical, console.width, timed=predicted is not None))


def _numbers(report: JsonObject) -> Table:
    """Sizes and costs, each with the limit that it stands against."""
    table = Table(title="The state machine", title_justify="left", show_header=False)
    limits = report["limits"]
    table.add_row("type", f"{report['mode']['chosen']}: {'; '.join(report['mode']['why'])}")
    table.add_row("states", f"{report['states']}")
    table.add_row("definition", f"{report['definition_bytes']:,} of {limits['definition_bytes']:,} bytes")
    if limits["history_events"] is not None:
        events = f"{report['history_events']} of {limits['history_events']:,} events"
        table.add_row("history of an execution", events)
    by_levels = report["level_compiler"]
    table.add_row(
        "state transitions of an execution",
        f"{report['state_transitions']} ({by_levels['state_transitions']} with one Task a node, by levels)",
    )
    table.add_row(
        "Lambda calls of an execution",
        f"{report['lambda_invocations']} ({by_levels['lambda_invocations']} by levels)",
    )
    if report["smaller_plan"]:
        table.add_row("smaller than planned", report["smaller_plan"])
    if report["settled_at_start"]:
        table.add_row("known when it starts", ", ".join(report["settled_at_start"]))
    for node_id, cost in report["per_item"].items():
        table.add_row(f"  for each item of {node_id}", f"{cost['state_transitions']} more")
    for node_id, cost in report["per_poll"].items():
        table.add_row(f"  each time {node_id} is asked", f"{cost['state_transitions']} more")
    cost = report["cost_per_1000_executions"]
    heading = f"cost of {cost['executions']:,} executions"
    assumed = cost["express_assumes"]
    table.add_row(
        heading, f"{cost['standard_state_transitions']:g} {cost['currency']} as standard: transitions"
    )
    table.add_row(
        "",
        f"{cost['express']:g} {cost['currency']} as express: a request and {assumed['seconds']:g} s of "
        f"{assumed['memory_mb']} MB ({assumed['because']})",
    )
    table.add_row("", f"{cost['lambda_requests']:g} {cost['currency']} for Lambda requests")
    table.add_row("", "and the time that functions and models take")
    return table


def _print_waits(console: Console, report: JsonObject) -> None:
    """Every wait that no connection asks for, and why it is there."""
    count = report["waits_count"]
    if not count:
        console.print("No node waits for another that is not before it in the document.")
        return
    console.print(f"Waits that no connection asks for: {count}")
    for wait in report["waits"][:MAX_TOLD]:
        console.print(Text(f"  {wait['text']}"))
    if count > MAX_TOLD:
        console.print(f"  and {count - MAX_TOLD} more")


def _print_prediction(console: Console, report: JsonObject) -> None:
    predicted = report["predicted"]
    if predicted is None:
        told = "How long nodes take is not known, so each that is not light is drawn as one step; "
        console.print(Text(f"{told}--profile gives the durations of past executions.", style="dim"))
        return
    path = [f"{step['node']} ({step['seconds']:g} s)" for step in predicted["critical_path"]]
    if len(path) > MAX_TOLD:
        path[MAX_TOLD - 1 : -1] = [f"… {len(path) - MAX_TOLD} more …"]
    console.print(
        Text(
            f"Predicted: {predicted['makespan_seconds']} s ({predicted['levels_makespan_seconds']} s by "
            f"levels); no schedule can beat its longest path, {predicted['critical_path_seconds']} s: "
            f"{' → '.join(path)}"
        )
    )
