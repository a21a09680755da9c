from __future__ import annotations

import io
from typing import Any

from rich.console import Console, RenderableType

from engine.compiler import compile_workflow
from engine.compiler.simulation import Assumptions, simulate
from engine.json_value import JsonObject
from engine.validation import check_document
from engine.workflow import Workflow
from infra.cli.compilation import compile_checked, installed_nodes
from infra.cli.machine_tree import draw_machine
from infra.cli.timeline import draw_timeline
from tests.property.scripted_node import TARGETS, make_registry


def shown(drawing: RenderableType, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(drawing)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def compiled(nodes: list[JsonObject], *links: str) -> JsonObject:
    connections = []
    for link in links:
        source, target = link.split(">")
        source, _, output = source.partition(".")
        connections.append({"source": source, "source_output": output or "main", "target": target})
    workflow = Workflow.model_validate({"name": "w", "nodes": nodes, "connections": connections})
    return compile_workflow(workflow, make_registry(), targets=TARGETS).definition


def node(node_id: str, kind: str = "act", **more: Any) -> JsonObject:
    return {"id": node_id, "type": kind, **more}


def test_what_runs_at_once_is_drawn_below_one_another() -> None:
    nodes = [node(name) for name in "abcde"]
    definition = compiled(nodes, "a>b", "a>c", "b>d", "c>e", "d>e")
    assert shown(draw_machine(definition)) == ["a", "at once", "├── b → d", "└── c", "e"]


def test_ways_are_drawn_by_their_output_and_items_as_such() -> None:
    each = node("each", for_each={"items": [1]})
    nodes = [node("pick", "branch"), node("one"), node("two"), each, node("end")]
    definition = compiled(nodes, "pick.left>one", "one>two", "pick.right>each", "two>end", "each>end")
    assert shown(draw_machine(definition)) == [
        "pick",
        "by the output",
        "├── left: one → two",
        "└── right:",
        "    ├── items of each",
        "    ├── for each item: each",
        "    └── results of each",
        "end",
    ]


def test_a_latch_says_whom_it_waits_for() -> None:
    task = {"Type": "Task", "Parameters": {"Payload": {"nodes": ["b"], "await": ["a", "c"]}}, "Next": "go"}
    go = {"Type": "Task", "Parameters": {"Payload": {"nodes": ["b"]}}, "End": True}
    definition = {"StartAt": "wait", "States": {"wait": task, "go": go}}
    assert shown(draw_machine(definition)) == ["(waits for a, c) → b"]


def test_bars_stand_where_the_nodes_run() -> None:
    spans = {"b": (2.0, 10.0), "a": (0.0, 2.0), "quick": (2.0, 2.0)}
    lines = shown(draw_timeline(spans, ["a", "b"], 54, timed=True))
    rows = {line.split()[0]: line for line in lines if "█" in line or "|" in line}
    assert list(rows) == ["a", "quick", "b"]
    assert rows["a"].count("█") * 4 == rows["b"].count("█")
    assert rows["a"].index("█") + rows["a"].count("█") == rows["b"].index("█") == rows["quick"].index("|")


def test_of_a_long_row_the_first_and_the_last_are_named() -> None:
    nodes = [node(f"n{index}") for index in range(30)]
    (line,) = shown(draw_machine(compiled(nodes, *(f"n{i}>n{i + 1}" for i in range(29)))))
    assert line == "n0 → n1 → n2 → n3 → n4 → n5 → n6 → … 22 more … → n29"


def test_a_thousand_nodes_are_drawn_on_a_few_screens_of_eighty_columns() -> None:
    registry = installed_nodes()
    nodes = [node(f"n{i}", "http", config={"url": "https://example.org"}) for i in range(1_000)]
    links = [
        {"source": f"n{5 * (layer - 1) + (place + step) % 5}", "target": f"n{5 * layer + place}"}
        for layer in range(1, 200)
        for place in range(5)
        for step in (0, 1)
    ]
    workflow = check_document({"name": "wide", "nodes": nodes, "connections": links}, registry)
    definition = compile_checked(workflow, registry).definition
    spans = simulate(definition, Assumptions(dict.fromkeys((n.id for n in workflow.nodes), 1.0))).spans
    drawn = [*shown(draw_machine(definition)), *shown(draw_timeline(spans, (), 80, timed=True))]
    assert len(drawn) < 200
    assert any("nodes more" in line for line in drawn)
    assert any("The 50 longest of 1,000 nodes" in line for line in drawn)
    assert max(map(len, drawn)) <= 80
