"""``graph``: the picture of a workflow, as Mermaid draws it in Markdown."""

from __future__ import annotations

from pathlib import Path

from engine.errors import DocumentError
from engine.workflow import Connection, Node, Workflow
from infra.cli.compilation import check_file, installed_nodes
from infra.cli.compile_command import print_problems
from infra.cli.console import print_out
from infra.cli.failure import FAILED

# Mermaid's shapes by node type: what goes in and out is round, what decides is a diamond.
_SHAPES = {"input": ("([", "])"), "output": ("[[", "]]"), "conditional": ("{{", "}}"), "switch": ("{{", "}}")}


def print_graph(path: Path) -> int:
    """Print the flowchart of a document; the exit code."""
    try:
        workflow = check_file(path, installed_nodes())
    except DocumentError as error:
        print_problems(path, error)
        return FAILED
    print_out(draw_graph(workflow))
    return 0


def draw_graph(workflow: Workflow) -> str:
    """The flowchart: nodes in the order of the document, then connections; outputs other than main named."""
    nodes = [_draw_node(node) for node in workflow.nodes]
    links = [_draw_connection(connection) for connection in workflow.connections]
    return "\n".join(["flowchart LR", *(f"  {line}" for line in (*nodes, *links))])


def _draw_node(node: Node) -> str:
    left, right = _SHAPES.get(node.type, ("[", "]"))
    kind = f"{node.type}, for each" if node.for_each else node.type
    name = (node.name or node.id).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    # The prefix keeps ids such as `end` from being Mermaid's own words.
    return f'n_{node.id}{left}"{name}<br/><small>{kind}</small>"{right}'


def _draw_connection(connection: Connection) -> str:
    label = "" if connection.source_output == "main" else f"|{connection.source_output}|"
    return f"n_{connection.source} -->{label} n_{connection.target}"
