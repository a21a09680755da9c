"""``plan``: what a workflow compiles to, for people."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.dag import Dag
from engine.errors import DocumentError
from engine.json_value import JsonObject
from engine.registry import NodeRegistry
from engine.workflow import Workflow
from infra.cli.compilation import check_file, compile_file, installed_nodes
from infra.cli.compile_command import print_problems
from infra.cli.failure import FAILED


def print_plan(path: Path, profile: Path | None) -> int:
    """Print the levels, the numbers and what is known of the time; the exit code."""
    registry = installed_nodes()
    try:
        workflow = check_file(path, registry)
        report = compile_file(path, profile).report
    except DocumentError as error:
        print_problems(path, error)
        return FAILED
    console = Console(highlight=False)
    console.print(Text(workflow.name, style="bold"))
    if workflow.description:
        console.print(Text(workflow.description, style="dim"))
    console.print(_levels(workflow, registry))
    console.print(_numbers(report))
    _print_waits(console, report)
    _print_prediction(console, report)
    return 0


def _levels(workflow: Workflow, registry: NodeRegistry) -> Table:
    """The nodes in the order in which they can run; those of one level run side by side."""
    table = Table(title="Levels: what stands in one runs side by side", title_justify="left")
    for heading in ("level", "node", "type", "function", "runs when"):
        table.add_column(heading)
    sources: dict[str, list[str]] = {}
    for link in workflow.connections:
        name = link.source if link.source_output == "main" else f"{link.source}.{link.source_output}"
        sources.setdefault(link.target, []).append(name)
    for number, level in enumerate(Dag.of(workflow).levels, 1):
        for position, node_id in enumerate(level):
            node = workflow.node(node_id)
            word = " and " if node.join == "all" else " or "
            table.add_row(
                str(number) if position == 0 else "",
                node_id + (" (for each)" if node.for_each else ""),
                node.type,
                registry.get(node.type).executor,
                word.join(sources.get(node_id, [])) or "at once",
            )
        table.add_section()
    return table


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
    for wait in report["waits"]:
        told = "" if wait["seconds"] is None else f" ({wait['seconds']:g} s)"
        console.print(Text(f"  {wait['text']}{told}"))
    if count > len(report["waits"]):
        console.print(f"  and {count - len(report['waits'])} more")


def _print_prediction(console: Console, report: JsonObject) -> None:
    predicted = report["predicted"]
    if predicted is None:
        console.print(Text("Times: unknown; --profile gives the durations of past executions.", style="dim"))
        return
    path = " → ".join(f"{step['node']} ({step['seconds']} s)" for step in predicted["critical_path"])
    console.print(
        Text(
            f"Predicted: {predicted['makespan_seconds']} s; no schedule can beat its longest path, "
            f"{predicted['critical_path_seconds']} s: {path}"
        )
    )
